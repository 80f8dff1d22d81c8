import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { ExpositionDecoder } from '../../src/kubelet/exposition.ts';
import { SummaryDecoder } from '../../src/kubelet/summary.ts';
import { NodeBlock } from '../../src/model/node-block.ts';
import type { PodUsage } from '../../src/model/usage.ts';
import { Storage } from '../../src/storage/storage.ts';
import { type DecodedPod, decodedOf } from '../support/decoded.ts';
import { FakeClock } from '../support/fake-clock.ts';

const FOLDER = new URL('../fixtures/real-kubelet-1.36/', import.meta.url);
const ROUNDS = [1, 2, 3, 4, 5, 6];
const ROUND_MS = 12_000;

/** Answers of one kubelet, decoded and stored one after the other. */
class Scraped {
  private readonly clock = new FakeClock();
  private readonly block = new NodeBlock();
  private readonly summaries = new SummaryDecoder();
  private readonly pages = new ExpositionDecoder();
  private readonly storage = new Storage({
    config: { resolutionMs: 15_000, stalenessMs: 60_000, bootstrapFromKubeletRate: true },
    clock: this.clock,
    instruments: { readPointsFrom: () => undefined },
  });

  /** Returns what the answer holds. */
  scrape(file: string, afterMs: number): readonly DecodedPod[] {
    this.clock.advance(afterMs);
    const bytes = readFileSync(fileURLToPath(new URL(file, FOLDER)));
    if (file.endsWith('.txt')) this.pages.decode(bytes, this.block, this.clock.nowMs());
    else this.summaries.decode(bytes, this.block);
    this.storage.store('node-a', this.block);
    return decodedOf(this.block).pods;
  }

  usageOf({ namespace, name, uid }: Identity): PodUsage | undefined {
    return this.storage.podUsage({ namespace, name, uid, mirrorUid: '' });
  }
}

interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

const keyOf = ({ namespace, name }: Identity): string => `${namespace}/${name}`;
const milliCoresOf = ({ containers }: PodUsage): number =>
  containers.reduce((sum, { cpuNanoCores }) => sum + cpuNanoCores, 0) / 1e6;

/** CPU of every pod between the first and the last round, as the kernel counted it, by uid: in millicores. */
function truth(): ReadonlyMap<string, number> {
  const [from, to] = [countersOf(1), countersOf(ROUNDS.length)];
  return new Map(
    [...to].map(([uid, end]) => {
      const start = from.get(uid) ?? { atNs: 0n, cpuNs: 0n };
      const used = Number(end.cpuNs - start.cpuNs);
      return [uid, (used / Number(end.atNs - start.atNs)) * 1_000];
    }),
  );
}

function countersOf(round: number): ReadonlyMap<string, { atNs: bigint; cpuNs: bigint }> {
  const text = readFileSync(fileURLToPath(new URL(`truth-${round}.txt`, FOLDER)), 'utf8');
  const lines = text.matchAll(/^(\d+) \S*\/pod([0-9a-f-]+)\/cpuacct\.usage (\d+)$/gm);
  return new Map(
    [...lines].map(([, atNs = '', uid = '', cpuNs = '']) => [
      uid,
      { atNs: BigInt(atNs), cpuNs: BigInt(cpuNs) },
    ]),
  );
}

/** What runs there, in millicores (README.md of the captures). */
const LOADS: Readonly<Record<string, number>> = {
  'lab-b/burn-100m': 50,
  'lab/burn-100m': 100,
  'lab/burn-200m': 200,
  'lab/half-crash': 50,
  'lab/idle': 0,
  'lab/mem-64mi': 0,
  'lab/static-node-a': 50,
  'lab/two': 50,
  'lab/volume': 0,
  'lab/with-init': 0,
  'lab/with-sidecar': 50,
};

describe('what a real kubelet said of known loads', () => {
  test('the kernel counted what the loads are said to be', () => {
    const pods = new Scraped().scrape('summary-1.json', 0);
    const counted = truth();

    expect(pods.map(keyOf).sort()).toEqual(Object.keys(LOADS));
    for (const pod of pods) {
      const load = LOADS[keyOf(pod)] ?? Number.NaN;
      expect(Math.abs((counted.get(pod.uid) ?? Number.NaN) - load)).toBeLessThan(0.02 * load + 0.5);
    }
  });

  test.each(['summary-cpumem', 'summary'])(
    '%s: from any two rounds every pod is served within 2 percent of what the kernel counted',
    (form) => {
      const counted = truth();
      const errors: number[] = [];

      for (const round of ROUNDS.slice(1)) {
        const scraped = new Scraped();
        scraped.scrape(`${form}-${round - 1}.json`, 0);
        for (const pod of scraped.scrape(`${form}-${round}.json`, ROUND_MS)) {
          const usage = scraped.usageOf(pod);
          // A pod with an idle container waits for its second sample, which may be up to 29 s old.
          if (usage) errors.push(errorOf(milliCoresOf(usage), counted.get(pod.uid)));
        }
      }

      expect(errors.length).toBeGreaterThan(0.75 * 5 * 11);
      expect(Math.max(...errors)).toBeLessThanOrEqual(0.02);
    },
  );

  test.each(['summary-cpumem', 'summary', 'resource'])(
    '%s: from all rounds every pod is served within 2 percent, and all together',
    (form) => {
      const counted = truth();
      const scraped = new Scraped();
      const extension = form === 'resource' ? 'txt' : 'json';
      // Only the summary tells uids.
      const uids = new Map(
        new Scraped().scrape('summary-1.json', 0).map((pod) => [keyOf(pod), pod.uid]),
      );
      let pods: readonly DecodedPod[] = [];

      for (const round of ROUNDS) pods = scraped.scrape(`${form}-${round}.${extension}`, ROUND_MS);
      const served = new Map(
        pods.map((pod) => {
          const uid = uids.get(keyOf(pod)) ?? '';
          const usage = scraped.usageOf({ ...pod, uid });
          return [uid, usage ? milliCoresOf(usage) : Number.NaN];
        }),
      );

      const errors = [...uids.values()].map((uid) => errorOf(served.get(uid), counted.get(uid)));
      expect(errors).toHaveLength(11);
      expect(Math.max(...errors)).toBeLessThanOrEqual(0.02);
      const sum = [...served.values()].reduce((total, milliCores) => total + milliCores, 0);
      expect(Math.abs(sum / 550 - 1)).toBeLessThanOrEqual(0.02);
    },
  );
});

/** Relative, and of loads that do nothing as a part of 50 millicores. */
function errorOf(served = Number.NaN, counted = Number.NaN): number {
  return Math.abs(served - counted) / Math.max(counted, 50);
}

describe('what a real kubelet said while pods came, crashed and ended', () => {
  /** Seven moments within 20 s, half a minute after the last round: by the newest sample in each answer. */
  const MOMENTS = [
    { file: 'churn/summary-cpumem-1.json', afterMs: 35_000 },
    { file: 'churn/summary-cpumem-2.json', afterMs: 2_000 },
    { file: 'churn/summary-cpumem-3.json', afterMs: 2_000 },
    { file: 'churn/summary-cpumem-4.json', afterMs: 5_000 },
    { file: 'churn/summary-cpumem-5.json', afterMs: 3_000 },
    { file: 'churn/summary-cpumem-6.json', afterMs: 1_000 },
    { file: 'churn/summary-cpumem-7.json', afterMs: 2_000 },
  ];

  interface Moment {
    readonly pods: readonly DecodedPod[];
    readonly served: ReadonlyMap<string, PodUsage>;
    readonly known: readonly Identity[];
  }

  function story(): readonly Moment[] {
    const scraped = new Scraped();
    const known = new Map<string, Identity>();
    const look = (pods: readonly DecodedPod[]): Moment => {
      for (const pod of pods) known.set(pod.uid, pod);
      const served = [...known.values()].flatMap((pod): [string, PodUsage][] => {
        const usage = scraped.usageOf(pod);
        return usage ? [[pod.uid, usage]] : [];
      });
      return { pods, served: new Map(served), known: [...known.values()] };
    };
    const before = ROUNDS.map((round) => scraped.scrape(`summary-cpumem-${round}.json`, ROUND_MS));
    return [
      look(before.at(-1) ?? []),
      ...MOMENTS.map(({ file, afterMs }) => look(scraped.scrape(file, afterMs))),
    ];
  }

  const namesServed = (moment: Moment): string[] =>
    moment.known.filter(({ uid }) => moment.served.has(uid)).map(({ name }) => name);

  test('a pod that is served stays so for as long as it is there', () => {
    const moments = story();

    for (const [at, { pods, served }] of moments.entries()) {
      const before = moments[at - 1]?.served ?? new Map<string, PodUsage>();
      const flickering = pods.filter(({ uid }) => before.has(uid) && !served.has(uid));
      expect(flickering).toEqual([]);
    }
    expect(namesServed(moments[0] ?? { pods: [], served: new Map(), known: [] })).toHaveLength(11);
  });

  test('what an answer does not hold is not served', () => {
    for (const { pods, served } of story()) {
      const there = new Set(pods.map(({ uid }) => uid));
      expect([...served.keys()].filter((uid) => !there.has(uid))).toEqual([]);
    }
  });

  test('never is a part of a pod served: all running containers, or its last whole figures', () => {
    const moments = story();

    for (const [at, { pods, served }] of moments.entries()) {
      for (const { uid, containers } of pods) {
        const usage = served.get(uid);
        if (!usage || usage === moments[at - 1]?.served.get(uid)) continue;
        expect(usage.containers.map(({ name }) => name)).toEqual(
          containers.map(({ name }) => name).sort(),
        );
      }
    }
  });

  test('a container that never lives for 10 s is never served, nor is an init container', () => {
    for (const moment of story()) {
      expect(namesServed(moment)).not.toContain('crash');
      expect(namesServed(moment)).not.toContain('done');
      const containers = [...moment.served.values()].flatMap((usage) => usage.containers);
      expect(containers.map(({ name }) => name)).not.toContain('init');
    }
  });

  test('the pod beside whose container another one crashes is served throughout, at 50m', () => {
    for (const { pods, served } of story()) {
      const uid = pods.find(({ name }) => name === 'half-crash')?.uid ?? '';
      const usage = served.get(uid);
      expect(usage && milliCoresOf(usage)).toBeGreaterThan(49);
      expect(usage && milliCoresOf(usage)).toBeLessThan(51);
    }
  });

  test('the pod made anew is served as soon as its main container has two samples, without the work of init', () => {
    const moments = story();
    const anew = moments.at(-1)?.pods.find(({ name }) => name === 'with-init')?.uid ?? '';
    const milliCores = moments.map(({ served }) => {
      const usage = served.get(anew);
      return usage && milliCoresOf(usage);
    });

    // Init ran until the third moment; main was first seen there, and again 5 s later.
    expect(milliCores.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    expect(milliCores.slice(4)).toEqual([0, 0, 0, 0]);
  });
});
