/** What we serve: CPU as a rate over the window that ends at the timestamp, memory at its end. */
export interface NodeUsage {
  /** Time of the newest sample by the kubelet's clock, ms since the epoch. */
  readonly timestampMs: number;
  readonly windowMs: number;
  /** Whole nanocores, cut off and not rounded. */
  readonly cpuNanoCores: number;
  /** The working set. */
  readonly memoryBytes: number;
  /** A place for whoever serves these figures, to keep what was encoded from them for as long as they last. */
  json?: string | undefined;
  /** As `json`; one character a byte. */
  protobuf?: string | undefined;
}

export interface ContainerUsage {
  readonly name: string;
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
}

/**
 * Usage of a whole pod; never of a part of its running containers. The same object is handed out until
 * the figures change, so whatever is encoded from it can be kept with it.
 */
export interface PodUsage {
  /** The earliest of its containers' timestamps, with the window of that container (as upstream: pkg/storage/pod.go). */
  readonly timestampMs: number;
  readonly windowMs: number;
  /** Sorted by name. */
  readonly containers: readonly ContainerUsage[];
  /** As NodeUsage.json. A place on the object costs the garbage collector far less than a WeakMap of all pods. */
  json?: string | undefined;
  protobuf?: string | undefined;
}

/**
 * Of what an answer of a kubelet gives figures, a CPU counter and a working set with their time: of the node and of
 * running containers, if there are any (`all`), of one of them only, or of neither.
 */
export type Usable = 'all' | 'node' | 'containers' | 'none';
