import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BodyBuffer } from '../../src/kubelet/body-buffer.ts';
import { HttpError } from '../../src/kubelet/exchange-error.ts';
import { ResponseReader } from '../../src/kubelet/response-reader.ts';
import { forAll, forAllBatches } from '../support/properties.ts';
import { answers, cuts, oddAnswers } from './cases/kubelet-answers.ts';
import { type NodeReading, readByNode } from './references/node-http-client.ts';

interface Reading {
  /** Undefined: refused, or not whole. */
  readonly answer: NodeReading | undefined;
  /** How many bytes had come when it was whole. */
  readonly length: number;
}

/** Our reading of the bytes in pieces that end there, after which the connection ends. */
function read(bytes: string, ends: Iterable<number>): Reading {
  const body = new BodyBuffer();
  const reader = new ResponseReader(body, 1_000_000);
  const shared = Buffer.alloc(64 * 1024);
  let length = 0;
  try {
    let isWhole = false;
    for (const end of ends) {
      shared.fill('\n', 0, end - length).write(bytes.slice(length, end), 'latin1');
      isWhole = reader.read(shared, end - length);
      length = end;
      if (isWhole) break;
    }
    if (!isWhole && !reader.end()) return { answer: undefined, length };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { answer: undefined, length };
  }
  const { code, text, contentType } = reader.head;
  return { answer: { code, text, contentType, body: body.bytes.toString('latin1') }, length };
}

function endsOf(bytes: string, places: readonly number[]): number[] {
  const ends = new Set([...places, 1].map((place) => Math.round(place * bytes.length)));
  return [...ends].filter((end) => end > 0).sort((one, other) => one - other);
}

function everyByte(bytes: string): number[] {
  return Array.from(bytes, (_, at) => at + 1);
}

describe('answers of kubelets', () => {
  test('are read as they are meant, in whatever pieces they come', () => {
    forAll(fc.tuple(answers, cuts), ([{ bytes, ...meant }, places]) => {
      expect(read(bytes, endsOf(bytes, places)).answer).toEqual(meant);
    });
  });

  test('with mistakes are read as Node reads them or refused, the same in whatever pieces', async () => {
    let accepted = 0;
    await forAllBatches(fc.tuple(oddAnswers, cuts), 100, async (batch) => {
      const ours = batch.map(([bytes]) => ({ bytes, ...read(bytes, everyByte(bytes)) }));
      const inPieces = batch.map(([bytes, places]) => read(bytes, endsOf(bytes, places)).answer);
      expect(inPieces).toEqual(ours.map(({ answer }) => answer));
      const taken = ours.filter(({ answer }) => answer !== undefined);
      accepted += taken.length;
      const theirs = taken.map(({ bytes, length }) => readByNode(bytes.slice(0, length)));
      expect(taken).toEqual(
        (await Promise.all(theirs)).map((answer, at) => ({ ...taken[at], answer })),
      );
    });
    expect(accepted).toBeGreaterThan(100);
  });

  test('without mistakes are read by Node as they are meant, too', async () => {
    await forAllBatches(answers, 100, async (batch) => {
      const theirs = batch.map(async ({ bytes }) => ({ bytes, ...(await readByNode(bytes)) }));
      expect(await Promise.all(theirs)).toEqual(batch);
    });
  });
});
