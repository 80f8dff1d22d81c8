import type { Size } from './bench-world.ts';
import type { FigureName, Figures } from './figures.ts';
import type { Reference } from './reference.ts';
import { median } from './statistics.ts';

/** All rounds of one server at one size. */
export type Rounds = readonly Figures[];

/** What was found at one size. */
export interface SizeResult {
  readonly size: Size;
  readonly ours: Rounds;
  /** Undefined without a comparison. */
  readonly theirs: Rounds | undefined;
  /** Lives that ended before everything was measured, a sentence each. */
  readonly problems: readonly string[];
  /** Of the answers that ours gave in its last round. */
  readonly reference: Reference | undefined;
}

interface Target {
  readonly sizes: readonly string[];
  readonly figure: FigureName;
  readonly name: string;
  readonly of: 'ratio' | 'ours';
  readonly is: 'at most' | 'at least';
  /** One for each size. */
  readonly bounds: readonly number[];
  readonly unit?: string;
}

const MIB = 1024 ** 2 / 1e6;

const LOOP_BLOCKS = [
  ['loopBlockStart', 'until the first figures'],
  ['loopBlockRest', 'at rest'],
  ['loopBlockLists', 'during lists'],
] as const;

/** What the design asks for (section 4), and the issue that compares. */
const TARGETS: readonly Target[] = [
  {
    name: 'CPU',
    ...{ sizes: ['100x70', '1000x30'], figure: 'cpuMsPerScrape', of: 'ratio' },
    ...{ is: 'at most', bounds: [0.35, 0.35] },
  },
  {
    name: 'resident, lists included',
    ...{ sizes: ['3x10', '100x70', '1000x30'], figure: 'residentLists', of: 'ratio' },
    ...{ is: 'at most', bounds: [1.1, 0.75, 0.5] },
  },
  {
    name: 'anonymous, lists included',
    ...{ sizes: ['3x10', '100x70', '1000x30'], figure: 'anonymousLists', of: 'ratio' },
    ...{ is: 'at most', bounds: [2.5, 0.9, 0.5] },
  },
  {
    name: 'anonymous, lists included',
    ...{ sizes: ['3x10'], figure: 'anonymousLists', of: 'ours', unit: 'MB' },
    ...{ is: 'at most', bounds: [45 * MIB] },
  },
  {
    name: 'first figures of all pods',
    ...{ sizes: ['100x70', '1000x30'], figure: 'secondsToPods', of: 'ours', unit: 's' },
    ...{ is: 'at most', bounds: [3, 8] },
  },
  ...(['allJsonP50', 'allJsonP99', 'allProtobufP50', 'allProtobufP99'] as const).map(
    (figure): Target => ({
      name: `all pods, ${figure.startsWith('allJson') ? 'JSON' : 'protobuf'}, ${figure.slice(-3).toLowerCase()}`,
      ...{ sizes: ['1000x30'], figure, of: 'ratio', is: 'at most', bounds: [0.05] },
    }),
  ),
  {
    name: 'namespace and label selector, requests/s',
    ...{ sizes: ['1000x30'], figure: 'selectorPerSecond', of: 'ratio' },
    ...{ is: 'at least', bounds: [20] },
  },
  {
    name: 'one pod, requests/s',
    ...{ sizes: ['1000x30'], figure: 'podPerSecond', of: 'ratio', is: 'at least', bounds: [5] },
  },
  {
    name: 'one pod during a round, p99',
    ...{ sizes: ['1000x30'], figure: 'podRoundP99', of: 'ours', unit: 'ms' },
    ...{ is: 'at most', bounds: [10] },
  },
  {
    name: 'CPU',
    ...{ sizes: ['5000x30'], figure: 'millicores', of: 'ours', unit: 'millicores' },
    ...{ is: 'at most', bounds: [300] },
  },
  {
    name: 'resident, lists included',
    ...{ sizes: ['5000x30'], figure: 'residentLists', of: 'ours', unit: 'MB' },
    ...{ is: 'at most', bounds: [1000] },
  },
  ...LOOP_BLOCKS.map(([figure, when]): Target => ({
    name: `longest event-loop delay, ${when}`,
    ...{ sizes: ['5000x30'], figure, of: 'ours', unit: 'ms', is: 'at most', bounds: [50] },
  })),
];

/** One row of the table of targets. */
export interface Verdict {
  readonly target: string;
  readonly size: string;
  readonly bound: string;
  /** NaN when it was not measured: the verdict is then undefined. */
  readonly value: number;
  readonly isReached: boolean | undefined;
}

export function sizeName({ nodes, podsPerNode }: Size): string {
  return `${nodes}x${podsPerNode}`;
}

/** The median of a figure over the rounds that have it; NaN when none has. */
export function medianOf(rounds: Rounds | undefined, figure: FigureName): number {
  return median((rounds ?? []).flatMap((figures) => figures.get(figure) ?? []));
}

/** A verdict for each target at each of the sizes that were measured, and the one over several sizes. */
export function judge(results: readonly SizeResult[]): Verdict[] {
  const verdicts = results.flatMap(({ size, ours, theirs }) =>
    TARGETS.flatMap((target): Verdict[] => {
      const bound = target.bounds[target.sizes.indexOf(sizeName(size))];
      if (bound === undefined || (target.of === 'ratio' && !theirs)) return [];
      const own = medianOf(ours, target.figure);
      const value = target.of === 'ours' ? own : own / medianOf(theirs, target.figure);
      return [verdictOf(target, sizeName(size), bound, value)];
    }),
  );
  return [...verdicts, ...flatness(results), ...exactness(results)];
}

/** What was checked against the kubelets' own answers, at every size. */
function exactness(results: readonly SizeResult[]): Verdict[] {
  return results.flatMap(({ size, ours }): Verdict[] => {
    const wrong = ours.flatMap((figures) => figures.get('wrongFigures') ?? []);
    if (wrong.length === 0) return [];
    const value = wrong.reduce((sum, count) => sum + count, 0);
    return [
      {
        target: 'nodes and pods with wrong figures, in all rounds',
        size: sizeName(size),
        bound: 'none',
        value,
        isReached: value === 0,
      },
    ];
  });
}

function verdictOf(target: Target, size: string, bound: number, value: number): Verdict {
  const { name, is, of, unit } = target;
  const words = of === 'ratio' ? "of the other's" : (unit ?? '');
  return {
    target: name,
    size,
    bound: `${is} ${Number(bound.toPrecision(3))} ${words}`,
    value,
    isReached: Number.isNaN(value) ? undefined : is === 'at most' ? value <= bound : value >= bound,
  };
}

const FLAT_FROM_NODES = 100;
const FLAT_WITHIN = 1.2;

/** CPU per node and scrape of the sizes that differ in their nodes only. */
function flatness(results: readonly SizeResult[]): Verdict[] {
  const byPods = Map.groupBy(
    results.filter(({ size }) => size.nodes >= FLAT_FROM_NODES),
    ({ size }) => size.podsPerNode,
  );
  return [...byPods.values()].flatMap((alike): Verdict[] => {
    if (alike.length < 2) return [];
    const costs = alike.map(({ ours }) => medianOf(ours, 'cpuMsPerScrape'));
    const value = Math.max(...costs) / Math.min(...costs);
    return [
      {
        target: 'CPU per node and scrape, dearest to cheapest size',
        size: alike.map(({ size }) => sizeName(size)).join(', '),
        bound: `at most ${FLAT_WITHIN}`,
        value,
        isReached: Number.isNaN(value) ? undefined : value <= FLAT_WITHIN,
      },
    ];
  });
}
