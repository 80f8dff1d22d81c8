import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LabelSet } from '../../../../src/apimachinery/label-set.ts';
import type { ItemEncoding, ItemRun } from '../../../../src/apiserver/api-group.ts';
import type { EncodedRun } from '../../../../src/apiserver/encoding/encoded-run.ts';
import type { Encoder, ListEnvelope } from '../../../../src/apiserver/encoding/encoder.ts';
import { encoderOf } from '../../../../src/apiserver/encoding/encoders.ts';
import { WHOLE_LIST } from '../../../../src/apiserver/encoding/list-meta.ts';

interface Item {
  readonly name: string;
  readonly says: string;
}

const LABELS = LabelSet.of([['app', 'ä']]);
const encoding: ItemEncoding<Item> = {
  metadata: ({ name }) => ({ name, namespace: 'ns', labels: LABELS }),
  json: ({ says }) => `"says":"${says}"`,
  protobuf: ({ says }) => says.replace(/[^\0-\x7f]/g, '\xff'),
  columns: () => [],
  cells: () => [],
};

const JSON_ENCODER = encoderOf('application/json', false);
const PROTOBUF = encoderOf('application/vnd.kubernetes.protobuf', false);
const ENCODERS = [
  { name: 'JSON', encoder: JSON_ENCODER },
  { name: 'protobuf', encoder: PROTOBUF },
];

function envelopeAt(createdAt: string): ListEnvelope {
  return {
    kind: 'ThingList',
    apiVersion: 'example.com/v1',
    createdAt,
    createdAtSeconds: Date.parse(createdAt) / 1000,
    meta: WHOLE_LIST,
    itemType: undefined,
  };
}

/** Places whose items the test changes. */
class Places implements ItemRun<Item> {
  json: EncodedRun | undefined;
  protobuf: EncodedRun | undefined;
  asked = 0;
  readonly #items: (Item | undefined)[];
  readonly #revisions: Uint32Array;
  #revision = 0;

  constructor(says: readonly (string | undefined)[]) {
    this.#items = says.map(() => undefined);
    this.#revisions = new Uint32Array(says.length);
    for (const [place, text] of says.entries()) this.put(place, text);
  }

  get items(): Item[] {
    return this.#items.filter((item) => item !== undefined);
  }

  put(place: number, says: string | undefined): void {
    this.#items[place] = says === undefined ? undefined : { name: `item-${place}`, says };
    this.#revisions[place] = says === undefined ? 0 : ++this.#revision;
  }

  revise(): Uint32Array {
    return this.#revisions;
  }

  itemAt(place: number): Item | undefined {
    this.asked++;
    return this.#items[place];
  }

  /** Its time is over after the revision was told; `says`: it comes back as it was. */
  expire(place: number, says?: string): void {
    this.#items[place] = says === undefined ? undefined : { name: `item-${place}`, says };
  }
}

/** Copies: the bytes of a piece are used again for the next one. */
function piecesOf(
  encoder: Encoder,
  given: readonly (Places | undefined)[],
  at: ListEnvelope,
): Buffer[] {
  return Array.from(encoder.runs?.(given, encoding, at) ?? [], (piece) => Buffer.from(piece));
}

function fromRuns(
  encoder: Encoder,
  given: readonly (Places | undefined)[],
  at: ListEnvelope,
): Buffer {
  return Buffer.concat(piecesOf(encoder, given, at));
}

function fromItems(encoder: Encoder, given: readonly Places[], at: ListEnvelope): Buffer {
  const items = given.flatMap((run) => run.items);
  return Buffer.concat([...encoder.list(items, encoding, at)].map((piece) => Buffer.from(piece)));
}

const NOW = envelopeAt('2026-11-21T10:00:00Z');
const LATER = envelopeAt('2026-11-21T10:00:07Z');

describe.each(ENCODERS)('lists from runs as $name', ({ encoder }) => {
  test('are byte for byte what they are item by item, whatever changes between two', () => {
    const text = fc.option(fc.string({ unit: fc.constantFrom('x', 'ä', '{'), maxLength: 9 }), {
      nil: undefined,
    });
    const change = fc.record({ run: fc.nat(2), place: fc.nat(4), says: text });
    fc.assert(
      fc.property(
        fc.array(fc.array(text, { minLength: 5, maxLength: 5 }), { minLength: 3, maxLength: 3 }),
        fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 5 }),
        (says, rounds) => {
          const runs = says.map((texts) => new Places(texts));
          for (const [round, changes] of [[], ...rounds].entries()) {
            for (const { run, place, says: now } of changes) runs[run]?.put(place, now);
            const at = envelopeAt(`2026-11-21T10:00:0${round}Z`);
            expect(fromRuns(encoder, runs, at)).toEqual(fromItems(encoder, runs, at));
          }
        },
      ),
    );
  });

  test('leave out an item whose time is over just as it is asked for, until it is back', () => {
    const fresh = new Places(['a', 'b', 'c']);
    fresh.expire(1);
    const known = new Places(['a', 'b', 'c']);
    fromRuns(encoder, [known], NOW);
    known.put(2, 'other');
    known.expire(2);

    const without = fromRuns(encoder, [fresh, known], NOW);
    const expectedWithout = fromItems(encoder, [fresh, known], NOW);
    fresh.expire(1, 'b');
    known.expire(2, 'other');
    const again = fromRuns(encoder, [fresh, known], LATER);

    expect(without).toEqual(expectedWithout);
    expect(again).toEqual(fromItems(encoder, [fresh, known], LATER));
  });

  test('encode nothing twice, and say the moment of each request', () => {
    const run = new Places(['a', 'b', 'c']);
    fromRuns(encoder, [run], NOW);
    run.put(1, 'much longer');

    const bytes = fromRuns(encoder, [undefined, run], LATER);

    expect(run.asked).toBe(4);
    expect(bytes).toEqual(fromItems(encoder, [run], LATER));
  });

  test('are as long as they are, in pieces of a reasonable size', () => {
    const runs = Array.from({ length: 40 }, () => new Places(['x'.repeat(5000), 'y']));

    const pieces = piecesOf(encoder, runs, NOW);

    expect(Buffer.concat(pieces)).toEqual(fromItems(encoder, runs, NOW));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
    expect(pieces.filter(({ length }) => length > 0).length).toBeLessThan(6);
  });
});

describe('two lists at once', () => {
  test('as protobuf, the first one stays as it was measured while the second one sees changes', () => {
    const runs = [new Places(['a'.repeat(70_000), 'b']), new Places(['c', 'd'])];
    const before = fromItems(PROTOBUF, runs, NOW);
    const slow = PROTOBUF.runs?.(runs, encoding, NOW)[Symbol.iterator]();
    const taken: Buffer[] = [];
    const take = (): boolean => {
      const next = slow?.next();
      if (next?.done !== false) return false;
      taken.push(Buffer.from(next.value));
      return true;
    };
    for (let pieces = 0; pieces < 3; pieces++) take();
    runs[0]?.put(1, 'changed');
    runs[1]?.put(0, 'changed as well');
    const second = fromRuns(PROTOBUF, runs, LATER);
    while (take());

    expect(Buffer.concat(taken)).toEqual(before);
    expect(second).toEqual(fromItems(PROTOBUF, runs, LATER));
  });

  test('one that was given up in the middle holds nothing', () => {
    const run = new Places(['a', 'b']);
    const [pieces] = [PROTOBUF.runs?.([run], encoding, NOW)[Symbol.iterator]()];
    pieces?.next();
    const held = run.protobuf?.update(run.revise(), () => ({ bytes: '', stampAt: -1 }));
    const wasHeld = held?.isHeld;
    pieces?.return?.();

    expect(wasHeld).toBe(true);
    expect(held?.isHeld).toBe(false);
  });
});
