import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { ProtobufWriter } from '../../../src/apimachinery/protobuf-writer.ts';
import { LineSplitter } from '../../../src/kube/line-splitter.ts';
import { parseWatchEvent, watchEvents } from '../../../src/kube/watch-event.ts';
import type { WatchEvent } from '../../../src/kube/watch-event.ts';
import { encodeDocument } from '../../support/kubernetes-protobuf.ts';

describe('LineSplitter', () => {
  test('gives whole lines, wherever the network cuts', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text));
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const splitter = new LineSplitter(1e6);
          const got: string[] = [];
          for (let at = 0, piece = 0; at < bytes.length; piece++) {
            const size = sizes[piece % sizes.length] ?? 1;
            got.push(...splitter.write(bytes.subarray(at, at + size)));
            at += size;
          }

          expect(got).toEqual(lines);
        },
      ),
    );
  });

  test('leaves empty lines out, and takes CRLF', () => {
    expect(new LineSplitter(10).write(Buffer.from('\n{}\r\n \n{}\n'))).toEqual(['{}', '{}']);
  });

  test('refuses a line that has no end within the limit', () => {
    const splitter = new LineSplitter(10);

    splitter.write(Buffer.from('123456'));

    expect(() => splitter.write(Buffer.from('78901'))).toThrow(
      expect.objectContaining({ kind: 'too-large' }),
    );
  });
});

describe('parseWatchEvent', () => {
  const object = { metadata: { name: 'a', resourceVersion: '5' } };

  test.each([
    { type: 'ADDED', event: { type: 'changed', object, version: '5' } },
    { type: 'MODIFIED', event: { type: 'changed', object, version: '5' } },
    { type: 'DELETED', event: { type: 'deleted', object, version: '5' } },
    { type: 'BOOKMARK', event: { type: 'bookmark', endsInitialEvents: false, version: '5' } },
  ])('reads $type', ({ type, event }) => {
    expect(parseWatchEvent(JSON.stringify({ type, object }))).toEqual(event);
  });

  test('knows the bookmark that ends the initial events', () => {
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    const line = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '6', annotations } } };

    expect(parseWatchEvent(JSON.stringify(line))).toEqual({
      type: 'bookmark',
      endsInitialEvents: true,
      version: '6',
    });
  });

  test('reads the Status of an ERROR', () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };

    expect(parseWatchEvent(JSON.stringify({ type: 'ERROR', object: status }))).toMatchObject({
      type: 'error',
      error: { kind: 'status', status: 410, reason: 'Expired', message: 'too old' },
    });
  });

  test.each(['<html>', '{}', '[]', 'null', '{"type":"SYNC"}'])('refuses %s', (line) => {
    expect(() => parseWatchEvent(line)).toThrow(expect.objectContaining({ kind: 'malformed' }));
  });
});

describe('watchEvents', () => {
  test('leaves an event alone that was cut off at the end', async () => {
    const events: WatchEvent[] = [];
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(
        '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1"}}}\n{"type":"ADD',
      );
      await Promise.resolve();
    }

    for await (const event of watchEvents(body(), 1e6)) events.push(event);

    expect(events).toEqual([{ type: 'bookmark', endsInitialEvents: false, version: '1' }]);
  });
});

describe('watchEvents in protobuf', () => {
  const POD = {
    metadata: { name: 'a', namespace: 'default', resourceVersion: '12', labels: { app: 'web' } },
  };

  /** As apimachinery frames it: the length in four bytes, then a WatchEvent around an envelope. */
  function aFrame(type: string, document: Buffer): Buffer {
    const event = new ProtobufWriter()
      .string(1, type)
      .message(2, new ProtobufWriter().bytes(1, document.toString('latin1')))
      .finish();
    const length = Buffer.alloc(4);
    length.writeUInt32BE(event.length);
    return Buffer.concat([length, event]);
  }

  function partial(value: object): Buffer {
    return encodeDocument('meta.k8s.io/v1', 'PartialObjectMetadata', value);
  }

  async function eventsOf(bytes: Buffer, size = bytes.length, max = 1e6): Promise<WatchEvent[]> {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    return Array.fromAsync(watchEvents(Readable.from(pieces), max));
  }

  test.each([1, 3, 1000])('reads changes, in pieces of %d bytes', async (size) => {
    const bytes = Buffer.concat(
      ['ADDED', 'MODIFIED', 'DELETED'].map((type) => aFrame(type, partial(POD))),
    );
    const object = { metadata: expect.objectContaining(POD.metadata) as unknown };

    expect(await eventsOf(bytes, size)).toEqual([
      { type: 'changed', object, version: '12' },
      { type: 'changed', object, version: '12' },
      { type: 'deleted', object, version: '12' },
    ]);
  });

  test('reads bookmarks, and the one that ends the list', async () => {
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    const bytes = Buffer.concat([
      aFrame('BOOKMARK', partial({ metadata: { resourceVersion: '3' } })),
      aFrame('BOOKMARK', partial({ metadata: { resourceVersion: '4', annotations } })),
    ]);

    expect(await eventsOf(bytes)).toEqual([
      { type: 'bookmark', endsInitialEvents: false, version: '3' },
      { type: 'bookmark', endsInitialEvents: true, version: '4' },
    ]);
  });

  test('reads the Status of an error', async () => {
    const status = encodeDocument('v1', 'Status', {
      status: 'Failure',
      message: 'too old resource version',
      reason: 'Expired',
      details: { retryAfterSeconds: 2 },
      code: 410,
    });

    expect(await eventsOf(aFrame('ERROR', status))).toEqual([
      {
        type: 'error',
        error: expect.objectContaining({ status: 410, reason: 'Expired', retryAfterMs: 2000 }),
      },
    ]);
  });

  test('leaves out a frame that was cut off', async () => {
    const bytes = aFrame('ADDED', partial(POD));

    expect(await eventsOf(bytes.subarray(0, -1))).toEqual([]);
  });

  test.each([
    {
      name: 'an object of another kind',
      bytes: aFrame('ADDED', encodeDocument('v1', 'ListMeta', {})),
    },
    { name: 'an object that is no document', bytes: aFrame('ADDED', Buffer.from('{}')) },
    { name: 'an unknown event', bytes: aFrame('CHANGED', partial(POD)) },
    { name: 'what is no message', bytes: Buffer.from([0, 0, 0, 1, 0xff]) },
  ])('refuses $name', async ({ bytes }) => {
    await expect(eventsOf(bytes)).rejects.toMatchObject({ kind: 'malformed' });
  });

  test('refuses a frame that is longer than the limit', async () => {
    await expect(eventsOf(aFrame('ADDED', partial(POD)), 8, 20)).rejects.toMatchObject({
      kind: 'too-large',
    });
  });
});
