import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseFieldSelector } from '../../src/apimachinery/field-selector.ts';
import { parseLabelSelector } from '../../src/apimachinery/label-selector.ts';
import { LabelSetInterner } from '../../src/apimachinery/label-set.ts';
import { podMetricsResource } from '../../src/apis/metrics/pods.ts';
import type { ListRequest } from '../../src/apiserver/api-group.ts';
import type { Encoder, ListEnvelope } from '../../src/apiserver/encoding/encoder.ts';
import { encoderOf } from '../../src/apiserver/encoding/encoders.ts';
import { WHOLE_LIST } from '../../src/apiserver/encoding/list-meta.ts';
import { PodIndex } from '../../src/kube/pod-index.ts';
import { Storage } from '../../src/storage/storage.ts';
import { blockOf } from '../unit/storage/answers.ts';

const NAMESPACES = ['a', 'b'];
/** The second is answered by pods of several label sets, picked one by one and kept. */
const SELECTORS = ['', 'app', 'app!=x1', 'app=x0', '!app', 'app in (x1,nope)'];
/** Of each namespace: more than one run, and nearly all of them of one app. */
const PODS = 90;
const NODES = 2;
const START_MS = 1_780_000_000_000;

const [JSON_ENCODER, PROTOBUF_ENCODER] = (
  ['application/json', 'application/vnd.kubernetes.protobuf'] as const
).map((type) => encoderOf(type, false)) as [Encoder, Encoder];

/** The pods and figures of a small cluster, and the lists that are served of it. */
class World {
  readonly #index = new PodIndex();
  readonly #interner = new LabelSetInterner();
  #elapsedMs = 0;
  readonly #clock = {
    nowMs: () => START_MS + this.#elapsedMs,
    monotonicMs: () => this.#elapsedMs,
  };
  readonly #storage = new Storage({
    config: { resolutionMs: 15_000, stalenessMs: 60_000, bootstrapFromKubeletRate: true },
    clock: this.#clock,
    instruments: { readPointsFrom: () => undefined },
  });
  readonly #resource = podMetricsResource({
    pods: this.#index,
    usage: this.#storage,
    instruments: { observeFreshness: () => undefined },
    clock: this.#clock,
  });

  constructor() {
    for (const namespace of NAMESPACES) {
      for (let pod = 0; pod < PODS; pod++) this.place(namespace, pod, pod % 4);
    }
    for (let node = 0; node < NODES; node++) this.answer(node, 1_024);
  }

  /** The last app is none. */
  place(namespace: string, pod: number, app: number): void {
    const labels = this.#interner.intern(app < 3 ? [['app', `x${app}`]] : []);
    const name = `p${pod}`;
    this.#index.set({ namespace, name, uid: `u${pod}`, mirrorUid: '', labels, place: undefined });
  }

  remove(namespace: string, pod: number): void {
    this.#index.delete(namespace, `p${pod}`);
  }

  wait(ms: number): void {
    this.#elapsedMs += ms;
  }

  answer(node: number, memory: number): void {
    const time = this.#clock.nowMs() / 1000;
    const start = START_MS / 1000 - 1_000;
    const cpu = 1_000 + this.#elapsedMs / 100_000;
    const pods = NAMESPACES.flatMap((namespace) =>
      Array.from({ length: PODS / NODES }, (_, at) => {
        const pod = at * NODES + node;
        const figures = { start, time, cpu: Math.round(cpu * 1000) / 1000, memory: memory + pod };
        return {
          namespace,
          name: `p${pod}`,
          uid: `u${pod}`,
          containers: [['c', figures] as const],
        };
      }),
    );
    this.#storage.store(`node-${node}`, blockOf({ pods }));
  }

  forget(node: number): void {
    this.#storage.removeNode(`node-${node}`);
  }

  /** The answer from what was kept, piece by piece. */
  *kept(encoder: Encoder, request: ListRequest): Generator<Buffer, undefined> {
    const runs = this.#resource.runs?.(request);
    if (!runs || !encoder.runs) throw new Error('expected lists in runs');
    yield* encoder.runs(runs, this.#resource.encoding, this.envelope);
    return undefined;
  }

  /** The answer item by item. */
  fresh(encoder: Encoder, request: ListRequest): Buffer {
    const items = this.#resource.list?.(request) ?? [];
    return joined(encoder.list(items, this.#resource.encoding, this.envelope));
  }

  /** As a request of now bears it. */
  get moment(): string {
    return this.envelope.createdAt;
  }

  private get envelope(): ListEnvelope {
    const seconds = Math.floor(this.#clock.nowMs() / 1000);
    return {
      kind: 'PodMetricsList',
      apiVersion: 'metrics.k8s.io/v1beta1',
      createdAt: new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'),
      createdAtSeconds: seconds,
      meta: WHOLE_LIST,
      itemType: undefined,
    };
  }
}

function joined(pieces: Iterable<string | Buffer>): Buffer {
  // Bytes of a piece are used again for the next.
  return Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece as Buffer)));
}

const request = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES, undefined),
    selector: fc.constantFrom(...SELECTORS),
  })
  .map(({ namespace, selector }): ListRequest => ({
    namespace,
    labelSelector: parseLabelSelector(selector),
    fieldSelector: parseFieldSelector('', []),
    after: undefined,
  }));
const encoder = fc.constantFrom(JSON_ENCODER, PROTOBUF_ENCODER);
const namespace = fc.constantFrom(...NAMESPACES);
const pod = fc.nat(PODS - 1);
const node = fc.nat(NODES - 1);

type Step = (world: World) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(namespace, pod, fc.nat(3)).map(([where, which, app]): Step => {
    return (world) => {
      world.place(where, which, app);
    };
  }),
  fc.tuple(namespace, pod).map(([where, which]): Step => {
    return (world) => {
      world.remove(where, which);
    };
  }),
  namespace.map((where): Step => {
    return (world) => {
      for (let which = 0; which < PODS; which++) world.remove(where, which);
    };
  }),
  fc.tuple(node, fc.constantFrom(1_024, 2_048, 1_000_000)).map(([which, memory]): Step => {
    return (world) => {
      world.answer(which, memory);
    };
  }),
  node.map((which): Step => {
    return (world) => {
      world.forget(which);
    };
  }),
  fc.constantFrom(400, 1_000, 15_000, 15_000, 61_000).map((ms): Step => {
    return (world) => {
      world.wait(ms);
    };
  }),
);

/** A few steps between one list and the next. */
const course = fc.array(
  fc.record({
    steps: fc.array(step, { maxLength: 3 }),
    lists: fc.array(fc.tuple(encoder, request), { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 3, maxLength: 12 },
);

describe('a list that was kept in runs', () => {
  test('is to the byte what it would be item by item, whatever has changed', () => {
    fc.assert(
      fc.property(course, (turns) => {
        const world = new World();
        for (const { steps, lists } of turns) {
          for (const change of steps) change(world);
          for (const [encode, wanted] of lists) {
            const kept = joined(world.kept(encode, wanted)).toString('latin1');
            expect(kept).toBe(world.fresh(encode, wanted).toString('latin1'));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('bears the moment of its own request, and what was asked for once, however slowly it is read', () => {
    fc.assert(
      fc.property(course, request, (turns, wanted) => {
        const world = new World();
        const moment = world.moment;
        expect(mistakesIn(readSlowly(world, turns, wanted), wanted, moment)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

type Turn = typeof course extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

/** One piece of the list for each turn, in which the world changes and others read whole lists. */
function readSlowly(world: World, turns: readonly Turn[], wanted: ListRequest): string {
  const pieces = world.kept(JSON_ENCODER, wanted);
  let text = textOf(pieces.next().value);
  for (const { steps, lists } of turns) {
    for (const change of steps) change(world);
    for (const [encode, other] of lists) joined(world.kept(encode, other));
    text += textOf(pieces.next().value);
  }
  for (const piece of pieces) text += textOf(piece);
  return text;
}

function textOf(piece: Buffer | undefined): string {
  return piece ? piece.toString('latin1') : '';
}

function mistakesIn(text: string, wanted: ListRequest, moment: string): string[] {
  const { items } = JSON.parse(text) as { items: { metadata: Metadata }[] };
  const seen = new Set<string>();
  return items.flatMap(({ metadata }) => {
    const { namespace: where, name, labels = {}, creationTimestamp } = metadata;
    const key = `${where}/${name}`;
    const isWanted =
      (wanted.namespace ?? where) === where &&
      wanted.labelSelector.matches(new Map(Object.entries(labels)));
    const isRight = isWanted && !seen.has(key) && creationTimestamp === moment;
    seen.add(key);
    return isRight ? [] : [`${key} of ${creationTimestamp}`];
  });
}

interface Metadata {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly creationTimestamp: string;
}
