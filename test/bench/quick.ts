import type { Size } from './bench-world.ts';
import { type Bound, busyBounds, idleBounds, isKept, peerBounds, roundBounds } from './bounds.ts';
import { type CompareSpec, compare } from './compare.ts';
import { figure, table } from './markdown.ts';
import type { Pace } from './measure.ts';
import { type SizeResult, sizeName } from './targets.ts';

const IDLE: Size = { nodes: 3, podsPerNode: 10 };
const BUSY: Size = { nodes: 100, podsPerNode: 70 };

/** Nothing is waited for that a tenfold regression would not show without. */
function quickPace({ nodes }: Size, hasPeer: boolean): Pace {
  const isBusy = nodes >= BUSY.nodes;
  return {
    settledAfterS: isBusy ? 15 : 0,
    rest: isBusy ? 1 : 0,
    restAfter: 0,
    // The other server may need half a minute to its first figures.
    podRounds: isBusy && !hasPeer ? 1 : 0,
    watchesLoop: false,
    warmUpS: 0.5,
    largeListsS: isBusy ? 3 : 1,
    listS: isBusy ? 1 : 0.3,
    smallS: 1,
  };
}

export interface QuickResult {
  readonly results: readonly SizeResult[];
  readonly bounds: readonly (Bound & { readonly size: string })[];
}

/** Both servers where there are two, once and at small sizes; and our bounds. */
export async function quick(
  spec: Omit<CompareSpec, 'sizes' | 'rounds' | 'paceAt' | 'sizeDone'>,
): Promise<QuickResult> {
  const results = await compare({
    ...spec,
    sizes: spec.theirs ? [BUSY] : [IDLE, BUSY],
    rounds: 1,
    paceAt: (size) => quickPace(size, spec.theirs !== undefined),
    sizeDone: () => undefined,
  });
  const bounds = results.flatMap(({ size, ours: [figures], theirs, reference }) => {
    if (!figures || !reference) return [];
    const [other] = theirs ?? [];
    const found = size === IDLE ? idleBounds(figures) : busyBounds(figures, reference);
    if (size === BUSY) found.push(...(other ? peerBounds(figures, other) : roundBounds(figures)));
    return found.map((bound) => ({ ...bound, size: sizeName(size) }));
  });
  return { results, bounds };
}

export function boundsTable({ bounds }: QuickResult): string {
  return table(
    ['figure', 'nodes x pods', 'found', 'bound', ''],
    bounds.map((bound) => [
      bound.name,
      bound.size.replaceAll('x', ' x '),
      figure(bound.value),
      `${bound.is} ${figure(bound.bound)} ${bound.unit}`.trimEnd(),
      isKept(bound) ? 'kept' : '**broken**',
    ]),
  );
}
