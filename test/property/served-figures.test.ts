import { describe, expect, test } from '@jest/globals';
import { ExpositionDecoder } from '../../src/kubelet/exposition.ts';
import { SummaryDecoder } from '../../src/kubelet/summary.ts';
import { NodeBlock } from '../../src/model/node-block.ts';
import type { ActiveFault } from '../../src/simulator/faults.ts';
import { resourcePage } from '../../src/simulator/resource-page.ts';
import { viewNode } from '../../src/simulator/samples.ts';
import { summaryText } from '../../src/simulator/summary.ts';
import { World } from '../../src/simulator/world.ts';
import { Storage } from '../../src/storage/storage.ts';
import { aContainerPlan, aHeldClock, aNodePlan, aPodPlan, NOON_MS } from '../support/a-world.ts';
import {
  type Explanation,
  NODE,
  NodeReference,
  type Served,
} from '../support/exact/node-reference.ts';
import { type Source, readAnswer } from '../support/exact/readings.ts';
import { forAll } from '../support/properties.ts';
import { truthsOf } from '../bench/exact/recorder.ts';
import { kubeletLives, steadyLives } from './cases/kubelet-lives.ts';
import type { KubeletLife, Scrape } from './cases/kubelet-lives.ts';

const RESOLUTION_MS = 15_000;
const NODE_NAME = 'node-1';
const POD = { namespace: 'shop', name: 'cart-0', uid: 'uid-of-cart-0' };

interface Judged {
  readonly what: 'node' | 'pod';
  readonly source: Source;
  readonly served: Served;
  /** A text: nothing explains what is served. */
  readonly verdict: Explanation | string;
}

/** Lets the decoders and the storage live through it, and the reference beside them; judges after every scrape. */
function liveThrough(life: KubeletLife): Judged[] {
  const clock = aHeldClock(NOON_MS);
  const world = new World({ seed: life.seed, clock });
  world.addNode(aNodePlan());
  const containers = life.workloads.map((workload, at) =>
    aContainerPlan(workload, { name: `c${at}` }),
  );
  world.addPod(aPodPlan({ startMs: NOON_MS - life.ageMs, containers }));
  const config = {
    ...{ resolutionMs: RESOLUTION_MS, stalenessMs: 60_000, bootstrapFromKubeletRate: true },
  };
  const storage = new Storage({ config, clock, instruments: { readPointsFrom: () => undefined } });
  const reference = new NodeReference({ resolutionMs: RESOLUTION_MS, memoryMs: 600_000 });
  const decoders = { summary: new SummaryDecoder(), resource: new ExpositionDecoder() };
  const block = new NodeBlock();
  const judged: Judged[] = [];
  let fault: ActiveFault | undefined;
  for (const scrape of life.scrapes) {
    clock.set(clock.nowMs() + scrape.afterMs);
    fault = faultOf(scrape, fault, clock.nowMs());
    const node = world.node(NODE_NAME);
    if (!node || scrape.isMissed) {
      storage.missed(NODE_NAME, false);
      continue;
    }
    const view = viewNode(world, node, clock.nowMs(), fault);
    const body = scrape.source === 'summary' ? summaryText(view, true) : resourcePage(view);
    if (scrape.source === 'summary') decoders.summary.decode(Buffer.from(body), block);
    else decoders.resource.decode(Buffer.from(body), block, clock.nowMs());
    storage.store(NODE_NAME, block);
    reference.take({
      sentAtMs: clock.nowMs(),
      mayBeLost: false,
      readings: readAnswer(scrape.source, body),
      truths: new Map(truthsOf(view).map(([key, atMs, startMs]) => [key, { atMs, startMs }])),
    });
    for (const [what, served] of servedBy(storage)) {
      const key = what === 'node' ? { namespace: '', name: NODE, uid: '' } : POD;
      const verdict = reference.explain(key, served, clock.nowMs() + RESOLUTION_MS);
      judged.push({ what, source: scrape.source, served, verdict });
    }
  }
  return judged;
}

function faultOf(
  { fault }: Scrape,
  before: ActiveFault | undefined,
  sinceMs: number,
): ActiveFault | undefined {
  if (fault === undefined) return before;
  return fault === 'none' ? undefined : { ...fault, sinceMs };
}

function servedBy(storage: Storage): (readonly ['node' | 'pod', Served])[] {
  const node = storage.nodeUsage(NODE_NAME);
  const pod = storage.podUsage({ ...POD, mirrorUid: '' });
  const toServed = (
    { timestampMs, windowMs }: { timestampMs: number; windowMs: number },
    containers: readonly { name: string; cpuNanoCores: number; memoryBytes: number }[],
  ): Served => ({
    timestampSeconds: BigInt(Math.floor(timestampMs / 1000)),
    windowNs: BigInt(Math.round(windowMs * 1e6)),
    containers: new Map(
      containers.map(({ name, cpuNanoCores, memoryBytes }) => [
        name,
        { nanoCores: BigInt(cpuNanoCores), workingSetBytes: BigInt(memoryBytes) },
      ]),
    ),
  });
  return [
    ...(node ? [['node', toServed(node, [{ name: NODE, ...node }])] as const] : []),
    ...(pod ? [['pod', toServed(pod, pod.containers)] as const] : []),
  ];
}

/** Of pods with one container, whose own window is served, and of nodes. */
function errorsOf(judged: readonly Judged[]): { error: number; seconds: number }[] {
  return judged.flatMap(({ served, verdict }) =>
    typeof verdict === 'string'
      ? []
      : verdict.relativeErrors.map((error) => ({ error, seconds: Number(served.windowNs) / 1e9 })),
  );
}

describe('served figures', () => {
  test('follow from two points of the kubelet, whatever it and its containers do', () => {
    let compared = 0;

    forAll(
      kubeletLives,
      (life) => {
        const judged = liveThrough(life);
        compared += judged.length;
        const wrong = judged.filter(({ verdict }) => typeof verdict === 'string');
        expect(wrong.map(({ what, verdict }) => `${what}: ${JSON.stringify(verdict)}`)).toEqual([]);
      },
      20,
    );

    expect(compared).toBeGreaterThan(3_000);
  });

  test('never leave the interval that whole seconds allow', () => {
    forAll(
      steadyLives('summary'),
      (life) => {
        for (const { error, seconds } of errorsOf(liveThrough(life))) {
          // Both the truth and what is served lie between used/(window + 1) and used/(window - 1).
          expect(error).toBeLessThanOrEqual((seconds + 1) / (seconds - 1) - 1 + 1e-6);
        }
      },
      20,
    );
  });

  test.each<{ source: Source; median: number }>([
    { source: 'summary', median: 0.01 },
    { source: 'resource', median: 0.000_001 },
  ])('are within $median of a steady load in the median, from $source', ({ source, median }) => {
    const errors: number[] = [];

    forAll(
      steadyLives(source),
      (life) => {
        errors.push(...errorsOf(liveThrough(life)).map(({ error }) => error));
      },
      20,
    );

    errors.sort((one, other) => one - other);
    expect(errors.length).toBeGreaterThan(1_000);
    expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(median);
  });
});
