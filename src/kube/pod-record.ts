import type { LabelSet } from '../apimachinery/label-set.ts';

/** What is kept of a running Pod. */
export interface PodRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /**
   * The annotation `kubernetes.io/config.mirror` of a static pod's mirror, under which its kubelet knows it;
   * '' for every other pod.
   */
  readonly mirrorUid: string;
  /** Pods with equal labels share one. */
  readonly labels: LabelSet;
  /** A place for whoever has figures of the pod, to remember where it found them. */
  place?: unknown;
}
