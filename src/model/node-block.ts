/** Which of the kubelet's two answers a block was read from. Points of two sources are never paired. */
export type KubeletSource = 'summary' | 'resource';

/**
 * The parcel: what one kubelet said in one answer, as columns. The kubelet room fills it, the scraper
 * hands it over, the storage copies what it keeps; then it is cleared and used for the next answer.
 *
 * Facts only, no judgement: a value that the answer lacks, or that cannot be one (negative, not a
 * number, too large to be exact), is NaN. What that means for a pod is decided in storage/.
 *
 * Rows from `pods` and `containers` on are left from earlier answers, so that nothing is allocated for the next one.
 * Row i of the pod columns owns the container rows from `podContainersEnd[i - 1]` (0 for the first)
 * up to, not including, `podContainersEnd[i]`.
 *
 * Counters of CPU pass 2^53 ns within days on large nodes, so they are two numbers: whole core-seconds
 * and the nanoseconds beyond (0 to 999,999,999). Times are ms since the epoch by the kubelet's clock.
 */
export class NodeBlock {
  source: KubeletSource = 'summary';

  nodeStartMs = Number.NaN;
  nodeTimeMs = Number.NaN;
  nodeCpuSeconds = Number.NaN;
  nodeCpuNanos = 0;
  nodeRateNanoCores = Number.NaN;
  nodeMemoryBytes = Number.NaN;

  pods = 0;
  readonly podNamespace: string[] = [];
  readonly podName: string[] = [];
  /** The uid in the summary's podRef (of a static pod: its config hash); '' when the source says none. */
  readonly podUid: string[] = [];
  /** Equal for equal names from one source, and mostly different for others: to find the pod quickly. */
  podHash = new Int32Array(32);
  podContainersEnd = new Int32Array(32);

  containers = 0;
  readonly containerName: string[] = [];
  startMs = new Float64Array(64);
  timeMs = new Float64Array(64);
  cpuSeconds = new Float64Array(64);
  cpuNanos = new Float64Array(64);
  /** The kubelet's own rate, usageNanoCores. */
  rateNanoCores = new Float64Array(64);
  memoryBytes = new Float64Array(64);

  clear(source: KubeletSource): void {
    this.source = source;
    this.nodeStartMs = Number.NaN;
    this.nodeTimeMs = Number.NaN;
    this.nodeCpuSeconds = Number.NaN;
    this.nodeCpuNanos = 0;
    this.nodeRateNanoCores = Number.NaN;
    this.nodeMemoryBytes = Number.NaN;
    this.clearPods();
  }

  /** Takes back all pods and containers, and nothing of the node. */
  clearPods(): void {
    this.pods = 0;
    this.containers = 0;
  }

  /** Adds a pod that owns the containers added since the last one. Returns its row. */
  addPod(namespace: string, name: string, uid: string, hash = 0): number {
    const row = this.pods++;
    if (row === this.podContainersEnd.length) {
      this.podContainersEnd = grown(this.podContainersEnd, new Int32Array(row * 2));
      this.podHash = grown(this.podHash, new Int32Array(row * 2));
    }
    this.podNamespace[row] = namespace;
    this.podName[row] = name;
    this.podUid[row] = uid;
    this.podHash[row] = hash;
    this.podContainersEnd[row] = this.containers;
    return row;
  }

  /** Adds a container without any figure, owned by the next pod added. Returns its row, to be filled. */
  addContainer(name: string): number {
    const row = this.containers++;
    if (row === this.startMs.length) this.growContainers(row * 2);
    this.containerName[row] = name;
    this.startMs[row] = Number.NaN;
    this.timeMs[row] = Number.NaN;
    this.cpuSeconds[row] = Number.NaN;
    this.cpuNanos[row] = 0;
    this.rateNanoCores[row] = Number.NaN;
    this.memoryBytes[row] = Number.NaN;
    return row;
  }

  /** Takes back the containers added since the last pod, when that pod turns out not to be usable. */
  dropOpenContainers(): void {
    this.containers = this.pods === 0 ? 0 : (this.podContainersEnd[this.pods - 1] ?? 0);
  }

  private growContainers(length: number): void {
    this.startMs = grown(this.startMs, new Float64Array(length));
    this.timeMs = grown(this.timeMs, new Float64Array(length));
    this.cpuSeconds = grown(this.cpuSeconds, new Float64Array(length));
    this.cpuNanos = grown(this.cpuNanos, new Float64Array(length));
    this.rateNanoCores = grown(this.rateNanoCores, new Float64Array(length));
    this.memoryBytes = grown(this.memoryBytes, new Float64Array(length));
  }
}

function grown<Column extends Float64Array | Int32Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
