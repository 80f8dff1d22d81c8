import type { FigureName, Figures, LoopPart } from './figures.ts';
import { figure } from './markdown.ts';
import type { Reference, ReferenceAnswer } from './reference.ts';

/** A figure, and how far it may go: generous, so that a busy machine breaks none and a tenfold regression does. */
export interface Bound {
  readonly name: string;
  readonly is: 'at most' | 'at least';
  readonly bound: number;
  readonly unit: string;
  /** NaN when it was not measured, which breaks the bound. */
  readonly value: number;
}

const PARSES_PER_SCRAPE = 12;
const PLAIN_LISTS = 30;
/** Of answers that cost a plain server next to nothing. */
const PLAIN_ANSWERS = 80;
/** Of wall time, which is any other program's on the machine as well. */
const PLAIN_WAITS = 60;
const MOST_MS_DURING_ROUND = 100;
const MOST_MS_BLOCKED = 1_000;
const MOST_SECONDS_TO_PODS = 10;

const PEER_BOUNDS: readonly (readonly [FigureName, string, number])[] = [
  ['cpuMsPerScrapeYoung', 'CPU of one scrape', 2.5],
  ['residentLists', 'resident memory after lists', 3],
  ['allJsonCpu', 'CPU of all pods as JSON', 2.5],
  ['allProtobufCpu', 'CPU of all pods as protobuf', 2.5],
  ['podCpu', 'CPU of one pod', 4],
];

/** Of the smallest cluster: what an idle server weighs. */
export function idleBounds(figures: Figures): Bound[] {
  return [
    ...memoryBounds(figures, { resident: 200, anonymous: 140 }),
    atMost('time to the figures of all pods', figures, 'secondsToPods', [
      MOST_SECONDS_TO_PODS,
      's',
    ]),
    ...exactBounds(figures),
  ];
}

/**
 * The p99 of one pod, for runs in which it was asked for during a round: the median of those of five parts of it. A
 * machine that stands still for a moment spoils one of them, a slow server all.
 */
export function roundBounds(figures: Figures): Bound[] {
  return [
    atMost('p99 of one pod during a round', figures, 'podRoundUsualP99', [
      MOST_MS_DURING_ROUND,
      'ms',
    ]),
  ];
}

/** Beside another server: what must not be much dearer than with it, whatever the machine. */
export function peerBounds(ours: Figures, theirs: Figures): Bound[] {
  return PEER_BOUNDS.map(([key, name, bound]) => ({
    name,
    ...{ is: 'at most', bound, unit: "times the other's" },
    value: (ours.get(key) ?? Number.NaN) / (theirs.get(key) ?? Number.NaN),
  }));
}

/** Of a cluster with lists worth the name; what depends on the machine is measured by plain work on it. */
export function busyBounds(figures: Figures, reference: Reference): Bound[] {
  const value = (name: FigureName): number => figures.get(name) ?? Number.NaN;
  const plain = (name: ReferenceAnswer, words: string, bound: number): Bound => ({
    name: `CPU of ${words}`,
    ...{
      is: 'at most',
      bound,
      unit: 'times that of a plain answer of as many bytes',
    },
    value: value(`${name}Cpu`) / (reference.answers.get(name)?.cpuMs ?? Number.NaN),
  });
  return [
    {
      name: 'CPU of one scrape',
      ...{ is: 'at most', bound: PARSES_PER_SCRAPE, unit: 'times JSON.parse of the answer' },
      value: value('cpuMsPerScrapeYoung') / reference.parseMs,
    },
    plain('allJson', 'all pods as JSON', PLAIN_LISTS),
    plain('allProtobuf', 'all pods as protobuf', PLAIN_LISTS),
    plain('allTable', 'all pods as Table', PLAIN_LISTS),
    plain('selector', 'namespace and label selector', PLAIN_ANSWERS),
    plain('pod', 'one pod', PLAIN_ANSWERS),
    {
      name: 'p50 of all pods as JSON',
      ...{
        is: 'at most',
        bound: PLAIN_WAITS,
        unit: 'times that of a plain answer of as many bytes',
      },
      value: value('allJsonP50') / (reference.answers.get('allJson')?.p50Ms ?? Number.NaN),
    },
    ...memoryBounds(figures, { resident: 450, anonymous: 400 }),
    atMost('time to the figures of all pods', figures, 'secondsToPods', [
      MOST_SECONDS_TO_PODS,
      's',
    ]),
    loopBound('at rest', figures, 'Rest'),
    loopBound('during lists', figures, 'Lists'),
    ...exactBounds(figures),
  ];
}

/** Without the longest delay of the bench's own timers meanwhile: what holds up the whole machine is in both. */
function loopBound(when: string, figures: Figures, part: LoopPart): Bound {
  const value = (name: FigureName): number => figures.get(name) ?? Number.NaN;
  return {
    name: `longest event-loop delay ${when}, beyond the bench's own`,
    ...{ is: 'at most', bound: MOST_MS_BLOCKED, unit: 'ms' },
    value: Math.max(0, value(`loopDelay${part}`) - value(`benchDelay${part}`)),
  };
}

function memoryBounds(
  figures: Figures,
  { resident, anonymous }: { resident: number; anonymous: number },
): Bound[] {
  return [
    atMost('resident memory after lists', figures, 'residentLists', [resident, 'MB']),
    atMost('anonymous memory after lists', figures, 'anonymousLists', [anonymous, 'MB']),
  ];
}

function exactBounds(figures: Figures): Bound[] {
  return [
    atMost('nodes and pods with wrong figures', figures, 'wrongFigures', [0, '']),
    {
      name: 'figures checked',
      ...{ is: 'at least', bound: 1, unit: '' },
      value: figures.get('checkedFigures') ?? Number.NaN,
    },
    atMost('failed requests', figures, 'failures', [0, '']),
  ];
}

function atMost(
  name: string,
  figures: Figures,
  key: FigureName,
  [bound, unit]: readonly [number, string],
): Bound {
  return { name, is: 'at most', bound, unit, value: figures.get(key) ?? Number.NaN };
}

export function isKept({ is, bound, value }: Bound): boolean {
  return is === 'at most' ? value <= bound : value >= bound;
}

/** One sentence that names figure, bound and value. */
export function sentenceOf({ name, is, bound, unit, value }: Bound): string {
  const found = Number.isNaN(value) ? 'was not measured' : `is ${figure(value)}`;
  return `${name} ${found}, and may be ${is} ${figure(bound)} ${unit}`.trimEnd();
}
