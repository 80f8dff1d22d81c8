import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ListDecoder } from '../../../src/kube/list-decoder.ts';
import type { ListMetadata } from '../../../src/kube/list-decoder.ts';

interface Decoded {
  readonly items: unknown[];
  readonly metadata: ListMetadata;
}

/** Feeds the text in pieces of the given sizes, over and over. */
function decode(
  text: string,
  sizes: readonly number[] = [text.length],
  maxItemBytes = 1e6,
): Decoded {
  const decoder = new ListDecoder(maxItemBytes);
  const bytes = Buffer.from(text);
  const items: unknown[] = [];
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = Math.max(1, sizes[piece % sizes.length] ?? 1);
    items.push(...decoder.write(bytes.subarray(at, at + size)));
    at += size;
  }
  return { items, metadata: decoder.end() };
}

describe('ListDecoder', () => {
  test.each([
    {
      name: 'takes a list of Go apart',
      text: '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":[{}]}]}\n',
      items: [{ a: 1 }, { b: [{}] }],
      metadata: { resourceVersion: '7', continueToken: '' },
    },
    {
      name: 'reads where the next page starts',
      text: '{"metadata":{"resourceVersion":"7","continue":"abc","remainingItemCount":3},"items":[{"a":1}]}',
      items: [{ a: 1 }],
      metadata: { resourceVersion: '7', continueToken: 'abc' },
    },
    {
      name: 'takes members in any order, indented',
      text: '{\n  "items" : [\n    { "a": 1 } ,\n    { "a": 2 }\n  ],\n  "metadata": { "resourceVersion": "8" }\n}',
      items: [{ a: 1 }, { a: 2 }],
      metadata: { resourceVersion: '8', continueToken: '' },
    },
    {
      name: 'takes null for no items, as Go writes an empty slice',
      text: '{"metadata":{"resourceVersion":"9"},"items":null}',
      items: [],
      metadata: { resourceVersion: '9', continueToken: '' },
    },
    {
      name: 'is not misled by brackets and names in texts',
      text: '{"metadata":{"resourceVersion":"\\"items\\":["},"items":[{"items":"}],\\\\"},{"x":"\\"]"}]}',
      items: [{ items: '}],\\' }, { x: '"]' }],
      metadata: { resourceVersion: '"items":[', continueToken: '' },
    },
    {
      name: 'passes other arrays by',
      text: '{"others":[{"a":1}],"metadata":{"resourceVersion":"1"},"items":[]}',
      items: [],
      metadata: { resourceVersion: '1', continueToken: '' },
    },
  ])('$name', ({ text, items, metadata }) => {
    expect(decode(text)).toEqual({ items, metadata });
    expect(decode(text, [1])).toEqual({ items, metadata });
  });

  test('gives what JSON.parse gives, wherever the network cuts', () => {
    const item = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 8 }),
        fc.string(),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 2),
        (items, resourceVersion, sizes, indent) => {
          const text = JSON.stringify({ metadata: { resourceVersion }, items }, null, indent);

          const decoded = decode(text, sizes);

          expect(decoded.items).toEqual((JSON.parse(text) as { items: unknown[] }).items);
          expect(decoded.metadata.resourceVersion).toBe(resourceVersion);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('holds no more than the item on its way', () => {
    const decoder = new ListDecoder(1e6);
    const handedOn: number[] = [];

    decoder.write(Buffer.from('{"metadata":{"resourceVersion":"1"},"items":['));
    for (let pod = 0; pod < 3; pod++) {
      handedOn.push(decoder.write(Buffer.from(`{"n":${pod}}, `)).length);
    }

    expect(handedOn).toEqual([1, 1, 1]);
  });

  test.each([
    { name: 'nothing at all', text: '', problem: 'not JSON' },
    { name: 'HTML', text: '<html>', problem: 'not JSON' },
    {
      name: 'a list that ends too early',
      text: '{"metadata":{},"items":[{"a":1}',
      problem: 'ended too early',
    },
    {
      name: 'an end inside an item',
      text: '{"metadata":{},"items":[{"a":1',
      problem: 'ended too early',
    },
    { name: 'more after the end', text: '{"metadata":{},"items":[]}}', problem: 'ended too early' },
    {
      name: 'an item that is a number',
      text: '{"metadata":{},"items":[1]}',
      problem: 'not an object',
    },
    {
      name: 'an item that is an array',
      text: '{"metadata":{},"items":[[]]}',
      problem: 'not an object',
    },
    { name: 'an item that is no JSON', text: '{"metadata":{},"items":[{a}]}', problem: 'not JSON' },
    { name: 'an object without metadata', text: '{"items":[]}', problem: 'no metadata' },
  ])('refuses $name', ({ text, problem }) => {
    expect(() => decode(text)).toThrow(
      expect.objectContaining({ kind: 'malformed', message: expect.stringContaining(problem) }),
    );
  });

  test.each([
    { name: 'an item', text: `{"metadata":{},"items":[{"a":"${'x'.repeat(200)}"}]}` },
    { name: 'what is around the items', text: `{"metadata":{"x":"${'x'.repeat(300_000)}"}}` },
  ])('refuses $name beyond its limit', ({ text }) => {
    expect(() => decode(text, [50], 100)).toThrow(expect.objectContaining({ kind: 'too-large' }));
  });
});
