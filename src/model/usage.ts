/** What we serve: CPU as a rate over the window that ends at the timestamp, memory at its end. */
export interface NodeUsage {
  /** Time of the newest sample by the kubelet's clock, ms since the epoch. */
  readonly timestampMs: number;
  readonly windowMs: number;
  /** Whole nanocores, cut off and not rounded. */
  readonly cpuNanoCores: number;
  /** The working set. */
  readonly memoryBytes: number;
}

export interface ContainerUsage {
  readonly name: string;
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
}

/** Usage of a whole pod; never of a part of its running containers. */
export interface PodUsage {
  /** The earliest of its containers' timestamps, with the window of that container (as upstream: pkg/storage/pod.go). */
  readonly timestampMs: number;
  readonly windowMs: number;
  /** Sorted by name. */
  readonly containers: readonly ContainerUsage[];
}

/** What can be said of a pod's usage without making it, and how long that holds. */
export interface Term {
  /** Until its version is another one. */
  readonly source: { readonly version: number };
  /** On the monotonic clock; it may hold longer. */
  readonly untilMs: number;
  /** Another number of the same source for other figures; 0: there are none. */
  readonly revision: number;
  /** Of the usage, if there is one. */
  readonly timestampMs: number;
}

/**
 * Of what an answer of a kubelet gives figures, a CPU counter and a working set with their time: of the node and of
 * running containers, if there are any (`all`), of one of them only, or of neither.
 */
export type Usable = 'all' | 'node' | 'containers' | 'none';
