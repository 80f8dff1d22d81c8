import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from '../../../src/kube/line-splitter.ts';
import { parseWatchEvent, watchEvents } from '../../../src/kube/watch-event.ts';
import type { WatchEvent } from '../../../src/kube/watch-event.ts';

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
