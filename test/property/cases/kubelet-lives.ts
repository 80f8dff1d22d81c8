import fc from 'fast-check';
import type { FaultKind } from '../../../src/simulator/faults.ts';
import { burst, idle, leak, restarting, steady, wave } from '../../../src/simulator/workloads.ts';
import type { Workload } from '../../../src/simulator/workloads.ts';
import type { Source } from '../../support/exact/readings.ts';

/** A pod on a node, and how its kubelet is asked. */
export interface KubeletLife {
  /** Of the times at which the kubelet looks. */
  readonly seed: number;
  readonly workloads: readonly Workload[];
  /** How long before the first scrape the pod was started, ms; negative: it comes later. */
  readonly ageMs: number;
  readonly scrapes: readonly Scrape[];
}

export interface Scrape {
  /** Since the one before. */
  readonly afterMs: number;
  readonly source: Source;
  /** The kubelet was asked, and nothing came. */
  readonly isMissed: boolean;
  /** What is wrong with the kubelet from this scrape on; a fault goes on until the next one. */
  readonly fault: { readonly kind: FaultKind; readonly value: number } | 'none' | undefined;
}

const milliCores = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 51, max: 64_000 }));
const memoryMib = fc.integer({ min: 1, max: 300 });

const steadyLoads: fc.Arbitrary<Workload> = fc.record({ milliCores, memoryMib }).map(steady);

const swings = {
  lowMilliCores: fc.integer({ min: 0, max: 900 }),
  highMilliCores: fc.integer({ min: 901, max: 9_000 }),
  memoryMib,
  periodMs: fc.integer({ min: 5, max: 120 }).map((seconds) => seconds * 1_000),
  phaseMs: fc.nat(60_000),
};

const loads: fc.Arbitrary<Workload> = fc.oneof(
  steadyLoads,
  fc.record({ memoryMib }).map(idle),
  fc.record(swings).map(wave),
  fc.record({ ...swings, busyMs: fc.integer({ min: 500, max: 4_900 }) }).map(burst),
  fc
    .record({ milliCores, memoryMib, runMs: fc.integer({ min: 3_000, max: 120_000 }) })
    .map((load) => restarting({ ...load, maxBackOffMs: 40_000 })),
  fc
    .record({
      milliCores,
      memoryMib: fc.constant(100),
      mibPerMinute: fc.integer({ min: 20, max: 200 }),
    })
    .map((load) => leak({ ...load, limitMib: 160 })),
);

const faults: fc.Arbitrary<Scrape['fault']> = fc.oneof(
  { weight: 20, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constant<'none'>('none') },
  {
    weight: 2,
    arbitrary: fc.oneof(
      fc.record({
        kind: fc.constantFrom<FaultKind[]>('counter-reset', 'lying-negative', 'lying-huge'),
        value: fc.constant(0),
      }),
      fc.record({
        kind: fc.constant<FaultKind>('clock-back'),
        value: fc.constantFrom(1, 7, 40, 90, 3_600),
      }),
    ),
  },
);

const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 14_900, max: 15_300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 200, max: 15_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 15_000, max: 200_000 }) },
);

function scrapes(source: fc.Arbitrary<Source>, fault: fc.Arbitrary<Scrape['fault']>) {
  const isMissed = fc.integer({ min: 0, max: 9 }).map((one) => one === 0);
  return fc.array(fc.record({ afterMs, source, isMissed, fault }), { minLength: 4, maxLength: 14 });
}

const seed = fc.nat(1_000_000);
const ageMs = fc.oneof(
  fc.integer({ min: 60_000, max: 10 * 86_400_000 }),
  fc.integer({ min: -60_000, max: 60_000 }),
);
const mostlyOne: fc.Arbitrary<fc.Arbitrary<Source>> = fc.constantFrom(
  fc.constant<Source>('summary'),
  fc.constant<Source>('resource'),
  fc.constantFrom<Source[]>('summary', 'summary', 'summary', 'resource'),
);

/** Everything that a kubelet and its containers do, while it is asked through either source. */
export const kubeletLives: fc.Arbitrary<KubeletLife> = mostlyOne.chain((source) =>
  fc.record({
    seed,
    workloads: fc.array(loads, { minLength: 1, maxLength: 3 }),
    ageMs,
    scrapes: scrapes(source, faults),
  }),
);

/** One container of one even load, asked about every 15 s through one source. */
export function steadyLives(source: Source): fc.Arbitrary<KubeletLife> {
  return fc.record({
    seed,
    workloads: fc.tuple(steadyLoads),
    ageMs,
    scrapes: scrapes(fc.constant(source), fc.constant(undefined)),
  });
}
