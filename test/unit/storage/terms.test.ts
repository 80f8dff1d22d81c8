import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PodUsage, Term } from '../../../src/model/usage.ts';
import { aStorage, type PodAnswer } from './answers.ts';

type Harness = ReturnType<typeof aStorage>;
type Step = (storage: Harness, at: number) => void;

const NODES = ['node-1', 'node-2'];
const PODS = ['p', 'q'];
const UIDS = ['u', 'v'];
const ASKED = PODS.flatMap((name) => UIDS.map((uid) => ({ name, uid })));

function podAnswer(name: string, uid: string, at: number, isIdle: boolean): PodAnswer {
  const time = isIdle ? 15 : at * 15;
  const figures = { start: -1000, time, cpu: 100 + time / 10, memory: 1024 };
  return { name, uid, containers: [['c', figures]] };
}

const answer = fc
  .record({
    node: fc.constantFrom(...NODES),
    names: fc.shuffledSubarray(PODS),
    uid: fc.constantFrom(...UIDS, ''),
    isIdle: fc.boolean(),
    source: fc.constantFrom('summary' as const, 'resource' as const),
  })
  .map(({ node, names, uid, isIdle, source }): Step => {
    const told = source === 'resource' ? '' : uid;
    return (storage, at) => {
      const pods = names.map((name) => podAnswer(name, told, at, isIdle));
      storage.answer({ pods, source }, node);
    };
  });
const removal = fc.constantFrom(...NODES).map((node): Step => ({ storage }) => {
  storage.removeNode(node);
});
const miss = fc
  .tuple(fc.constantFrom(...NODES), fc.boolean())
  .map(([node, isExcused]): Step => (storage) => {
    storage.miss(isExcused, node);
  });
const step = fc.oneof(
  { weight: 8, arbitrary: answer },
  { weight: 1, arbitrary: removal },
  { weight: 2, arbitrary: miss },
);
const steps = fc.array(fc.tuple(step, fc.constantFrom(1, 5, 15, 15, 15, 40, 130)), {
  minLength: 5,
  maxLength: 25,
});

/** What was said of a pod. */
interface Said {
  readonly term: Term;
  readonly version: number;
  readonly usage: PodUsage | undefined;
}

function stillHolds(said: Said | undefined, nowMs: number): boolean {
  if (said === undefined) return false;
  return said.term.source.version === said.version && nowMs <= said.term.untilMs;
}

function shownTerm({ revision, timestampMs }: Term): object {
  return { isServed: revision > 0, timestampMs };
}

function shownUsage(usage: PodUsage | undefined): object {
  return { isServed: usage !== undefined, timestampMs: usage?.timestampMs ?? 0 };
}

/** Whether the figures have the name that they had. */
function isNamedLike(before: Said | undefined, now: Term | undefined): boolean {
  if (before === undefined || now === undefined) return false;
  return now.source === before.term.source && now.revision === before.term.revision;
}

describe('a pod that is asked for with the same object each time', () => {
  test('has the figures of one that has to be searched, and keeps them as long as was said', () => {
    let held = 0;
    fc.assert(
      fc.property(steps, (sequence) => {
        const remembering = aStorage();
        const searching = aStorage();
        const said = new Map<object, Said>();
        let nowMs = 1_000_000;
        for (const [at, [change, wait]] of sequence.entries()) {
          for (const storage of [remembering, searching]) {
            storage.wait(wait);
            change(storage, at + 1);
          }
          nowMs += wait * 1000;
          for (const asked of ASKED) {
            const pod = remembering.podOf(asked);
            const usage = remembering.storage.podUsage(pod);
            const term = remembering.storage.podTerm(pod);
            const before = said.get(pod);
            const isHeld = stillHolds(before, nowMs);
            held += isHeld ? 1 : 0;

            expect(usage).toEqual(searching.storage.podUsage({ ...pod, place: undefined }));
            expect(isHeld || isNamedLike(before, term) ? before?.usage : usage).toEqual(usage);
            expect(term && shownTerm(term)).toEqual(term && shownUsage(usage));
            if (term) said.set(pod, { term, version: term.source.version, usage });
            else said.delete(pod);
          }
        }
      }),
      { numRuns: 300 },
    );

    expect(held).toBeGreaterThan(500);
  });

  test('is found in one storage, not in another', () => {
    const [one, other] = [aStorage(), aStorage()];
    for (const storage of [one, other]) {
      storage.answer({ pods: [podAnswer('p', 'u', 1, false)] });
      storage.wait(15);
    }
    one.answer({ pods: [podAnswer('p', 'u', 2, false)] });
    const pod = one.podOf({ name: 'p', uid: 'u' });

    expect(one.storage.podUsage(pod)?.timestampMs).toBe(30_000);
    expect(other.storage.podUsage(pod)?.timestampMs).not.toBe(30_000);
  });

  test('does not hold on to a node that is gone', () => {
    const { answer: answers, podOf, storage } = aStorage();
    answers({ pods: [podAnswer('p', 'u', 1, false)] });
    const pod = podOf({ name: 'p', uid: 'u' });
    storage.podUsage(pod);
    const placeBefore = pod.place;
    storage.removeNode('node-1');

    expect(placeBefore).toBeDefined();
    expect(pod.place).toBeUndefined();
  });
});
