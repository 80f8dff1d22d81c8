import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ListMetadata } from '../../../src/kube/list-decoder.ts';
import { ProtobufListDecoder } from '../../../src/kube/protobuf-list-decoder.ts';
import { encodeDocument } from '../../support/kubernetes-protobuf.ts';

interface Decoded {
  readonly items: unknown[];
  readonly metadata: ListMetadata;
}

/** Feeds the bytes in pieces of the given sizes, over and over. */
function decode(bytes: Buffer, sizes: readonly number[] = [bytes.length], max = 1e6): Decoded {
  const decoder = new ProtobufListDecoder(max);
  const items: unknown[] = [];
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = Math.max(1, sizes[piece % sizes.length] ?? 1);
    items.push(...decoder.write(bytes.subarray(at, at + size)));
    at += size;
  }
  return { items, metadata: decoder.end() };
}

function aList(items: readonly object[], metadata: object = { resourceVersion: '7' }): Buffer {
  return encodeDocument('meta.k8s.io/v1', 'PartialObjectMetadataList', { metadata, items });
}

function anItem(name: string, rest: object = {}): object {
  return { metadata: { name, namespace: 'default', uid: `uid-${name}`, ...rest } };
}

const READ = { namespace: 'default', resourceVersion: '', labels: {}, annotations: {} };

describe('ProtobufListDecoder', () => {
  test('gives of every item what its JSON would, as far as somebody reads it', () => {
    const bytes = aList([
      anItem('a', {
        resourceVersion: '5',
        labels: { app: 'web', constructor: 'é', __proto__x: '' },
        annotations: { 'kubernetes.io/config.mirror': 'hash', other: 'x'.repeat(300) },
        generation: 3,
      }),
      anItem('b'),
    ]);

    expect(decode(bytes)).toEqual({
      items: [
        {
          metadata: {
            ...READ,
            name: 'a',
            uid: 'uid-a',
            resourceVersion: '5',
            labels: { app: 'web', constructor: 'é', __proto__x: '' },
            annotations: { 'kubernetes.io/config.mirror': 'hash' },
          },
        },
        { metadata: { ...READ, name: 'b', uid: 'uid-b' } },
      ],
      metadata: { resourceVersion: '7', continueToken: '' },
    });
  });

  test('reads where the next page starts', () => {
    const bytes = aList([], { resourceVersion: '8', continue: 'abc', remainingItemCount: 3 });

    expect(decode(bytes).metadata).toEqual({ resourceVersion: '8', continueToken: 'abc' });
  });

  test('gives the same, wherever the network cuts', () => {
    const names = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }));
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(names, sizes, (texts, pieces) => {
        const bytes = aList(texts.map((name) => anItem(name, { labels: { [name]: name } })));
        const { items } = decode(bytes, pieces);

        expect(items).toEqual(
          texts.map((name) => ({
            metadata: { ...READ, name, uid: `uid-${name}`, labels: { [name]: name } },
          })),
        );
      }),
    );
  });

  test('refuses a list that ends too early, wherever', () => {
    const bytes = aList([anItem('a'), anItem('b')]);
    // What follows the list in its envelope are two empty texts.
    for (let length = 0; length < bytes.length - 4; length++) {
      expect(() => decode(bytes.subarray(0, length), [7])).toThrow(
        expect.objectContaining({ kind: 'malformed' }),
      );
    }
  });

  test.each([
    { name: 'an item that reaches beyond the list', bytes: 'k8s\0\x12\x04\x12\x05aaaaa' },
    { name: 'a field that is no message', bytes: 'k8s\0\x12\x02\x08\x01' },
    { name: 'a length without end', bytes: `k8s\0\x12\x20\x12${'\xff'.repeat(12)}` },
    { name: 'something else', bytes: 'k9s\0\x12\x02\x08\x01' },
  ])('refuses $name', ({ bytes }) => {
    expect(() => decode(Buffer.from(bytes, 'latin1'))).toThrow(
      expect.objectContaining({ kind: 'malformed' }),
    );
  });

  test('refuses an item that is longer than the limit before it has come', () => {
    const bytes = aList([anItem('a'.repeat(5000))]);

    expect(() => decode(bytes.subarray(0, 200), [50], 1000)).toThrow(
      expect.objectContaining({ kind: 'too-large' }),
    );
  });
});
