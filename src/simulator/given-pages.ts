import type { KubeletPages } from './world.ts';

/** Bodies that a kubelet gives one after the other; the last one again and again. */
export interface GivenBodies {
  readonly summaries: readonly Uint8Array[];
  readonly resourcePages: readonly Uint8Array[];
}

/**
 * The pages of a kubelet that answers with given bodies. Each of the two sources counts for itself, so
 * that who falls back from the one to the other also starts with the first body. What has no body at all
 * is answered as not found.
 */
export function givenPages({ summaries, resourcePages }: GivenBodies): KubeletPages {
  const nextSummary = takeInTurn(summaries);
  const nextPage = takeInTurn(resourcePages);
  return { summary: () => nextSummary(), resource: () => nextPage() };
}

function takeInTurn<Body>(bodies: readonly Body[]): () => Body | undefined {
  let taken = 0;
  return () => bodies[Math.min(taken++, bodies.length - 1)];
}
