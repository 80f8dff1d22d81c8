import type { Reviewer } from './ports.ts';

/** Kinds of a KubeletError: the kubelet is there, and does not let us in. */
const REFUSALS: ReadonlySet<unknown> = new Set(['unauthorized', 'forbidden', 'undecided']);

/**
 * A kubelet remembers for 30 s that we may not (cacheUnauthorizedTTL), which a kube-apiserver that has just begun says
 * of everybody; and a failing node is asked again after 5, 15 and 35 s.
 */
const GRACE_MS = 60_000;

/**
 * Whether a node's figures shall not age for this failure: the kubelet refused us, and most likely only because it
 * could not ask kube-apiserver, which nobody can reach, or could not a moment ago (docs/adr/0008).
 */
export function isExcusable(error: unknown, reviewer: Reviewer): boolean {
  const isRefusal = Error.isError(error) && 'kind' in error && REFUSALS.has(error.kind);
  return isRefusal && reviewer.wasAwayWithin(GRACE_MS);
}
