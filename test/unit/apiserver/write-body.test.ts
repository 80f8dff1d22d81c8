import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { Turns } from '../../../src/apiserver/turns.ts';
import { writeBody } from '../../../src/apiserver/write-body.ts';

const KIB = 1024;

function unhurried(): Turns {
  return new Turns(1000, () => performance.now());
}

function* repeated(piece: string, times: number, onTaken: () => void = () => undefined) {
  for (let taken = 0; taken < times; taken++) {
    onTaken();
    yield piece;
  }
}

/** Everything that comes out, once it has ended. */
async function textOf(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

describe('writeBody', () => {
  test('writes all pieces, in chunks of a reasonable size, and counts bytes', async () => {
    const sink = new PassThrough();
    const sizes: number[] = [];
    sink.on('data', (chunk: Buffer) => sizes.push(chunk.length));

    const bytes = await writeBody(sink, repeated('ä'.repeat(KIB), 200), unhurried());

    expect(bytes).toBe(200 * 2 * KIB);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * 65 * KIB);
    expect(sizes.length).toBeLessThan(10);
  });

  test('ends a stream of one small chunk with it', async () => {
    const sink = new PassThrough();
    const text = textOf(sink);

    await writeBody(sink, ['a', 'b', 'c'], unhurried());

    expect(await text).toBe('abc');
  });

  test('waits for a client that does not keep up', async () => {
    const sink = new PassThrough({ highWaterMark: 16 * KIB });
    let taken = 0;
    const pieces = repeated('x'.repeat(KIB), 1000, () => taken++);

    const written = writeBody(sink, pieces, unhurried());
    await new Promise(setImmediate);
    const takenWhileBlocked = taken;
    sink.resume();
    await written;

    expect(takenWhileBlocked).toBe(64);
    expect(taken).toBe(1000);
  });

  test('writes nothing more when somebody else has ended the stream', async () => {
    const sink = new PassThrough();
    const text = textOf(sink);
    const spent = new Turns(0, () => performance.now());
    let taken = 0;

    const written = writeBody(
      sink,
      repeated('', 1000, () => taken++),
      spent,
    );
    sink.end('too late');
    const bytes = await written;

    expect(bytes).toBe(0);
    expect(taken).toBe(8);
    expect(await text).toBe('too late');
  });

  test('takes no further piece once the client is gone', async () => {
    const sink = new PassThrough({ highWaterMark: 16 * KIB });
    let taken = 0;
    const written = writeBody(
      sink,
      repeated('x'.repeat(KIB), 1000, () => taken++),
      unhurried(),
    );

    sink.destroy();
    await written;

    expect(taken).toBe(64);
  });

  test('closes the source when the client is gone', async () => {
    const sink = new PassThrough();
    let closed = false;
    function* endless() {
      try {
        for (;;) yield 'x'.repeat(KIB);
      } finally {
        closed = true;
      }
    }
    sink.destroy();

    await writeBody(sink, endless(), unhurried());

    expect(closed).toBe(true);
  });

  test('throws what the source throws', async () => {
    const sink = new PassThrough();
    function* broken() {
      yield 'a';
      throw new TypeError('a bug');
    }

    await expect(writeBody(sink, broken(), unhurried())).rejects.toThrow('a bug');
    expect(sink.writableEnded).toBe(false);
  });
});

describe('Turns', () => {
  test('gives the time of one turn to all together', async () => {
    let nowMs = 0;
    const turns = new Turns(4, () => nowMs);
    expect(turns.isSpent()).toBe(false);
    nowMs = 3;
    expect(turns.isSpent()).toBe(false);
    nowMs = 4;
    expect(turns.isSpent()).toBe(true);

    await turns.next();

    expect(turns.isSpent()).toBe(false);
  });

  test('lets those who wait go on one by one, in the order of asking', async () => {
    let nowMs = 0;
    const turns = new Turns(4, () => nowMs);
    const order: string[] = [];
    const work = async (name: string): Promise<void> => {
      for (let step = 1; step <= 3; step++) {
        order.push(`${name}${step}`);
        nowMs += 5;
        if (turns.isSpent()) await turns.next();
      }
    };
    turns.isSpent();

    await Promise.all([work('a'), work('b'), work('c')]);

    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3']);
  });

  test('many long answers at once hold the event loop no longer than one', async () => {
    let nowMs = 0;
    const turns = new Turns(4, () => nowMs);
    const sinks = Array.from({ length: 20 }, () => new PassThrough().resume());
    const pieces = () => repeated('x', 3000, () => (nowMs += 0.002));
    let longestMs = 0;
    let isDone = false;
    const watch = async (): Promise<void> => {
      while (!isDone) {
        const startMs = nowMs;
        await new Promise(setImmediate);
        longestMs = Math.max(longestMs, nowMs - startMs);
      }
    };
    const watching = watch();

    await Promise.all(sinks.map((sink) => writeBody(sink, pieces(), turns)));
    isDone = true;
    await watching;

    expect(nowMs).toBeCloseTo(20 * 6);
    expect(longestMs).toBeLessThan(2 * 4);
  });
});
