import type { Size } from './bench-world.ts';
import { type Bound, busyBounds, idleBounds, isKept } from './bounds.ts';
import { type CompareSpec, compare } from './compare.ts';
import { figure, table } from './markdown.ts';
import type { Pace } from './measure.ts';
import { type SizeResult, sizeName } from './targets.ts';

const IDLE: Size = { nodes: 3, podsPerNode: 10 };
const BUSY: Size = { nodes: 100, podsPerNode: 70 };

/** Nothing is waited for that a tenfold regression would not show without. */
function quickPace({ nodes }: Size): Pace {
  const isBusy = nodes >= BUSY.nodes;
  return {
    settledAfterS: isBusy ? 15 : 0,
    rest: isBusy ? 1 : 0,
    restAfter: 0,
    podRounds: isBusy ? 1 : 0,
    largeListsS: isBusy ? 4 : 1,
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
    // The other server may need half a minute to its first figures; ours has no bounds that it could change.
    sizes: spec.theirs ? [BUSY] : [IDLE, BUSY],
    rounds: 1,
    paceAt: quickPace,
    sizeDone: () => undefined,
  });
  const bounds = results.flatMap(({ size, ours: [figures], reference }) => {
    if (!figures || !reference) return [];
    const found = size === IDLE ? idleBounds(figures) : busyBounds(figures, reference);
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
