import { describe, expect, test } from '@jest/globals';
import { sparingOthers } from '../../../src/kube/spare-others.ts';

const CHUNK = Uint8Array.of(1);

/** A body whose chunks are all there: nothing but promises has its turn between two of them. */
async function* atHand(chunks: number, ended: () => void = () => undefined) {
  try {
    for (let sent = 0; sent < chunks; sent++) yield await Promise.resolve(CHUNK);
  } finally {
    ended();
  }
}

function workFor(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** How many turns the event loop made while somebody worked so long on each of 20 chunks. */
async function turnsWhile(ms: number, body: AsyncIterable<Uint8Array>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  for await (const chunk of body) {
    expect(chunk).toBe(CHUNK);
    workFor(ms);
  }
  isOver = true;
  return turns;
}

describe('chunks that come as fast as they are read', () => {
  test('leave others no turn by themselves', async () => {
    expect(await turnsWhile(2, atHand(20))).toBe(0);
  });

  test('leave others a turn after 5 ms of work', async () => {
    const turns = await turnsWhile(2, sparingOthers(atHand(20)));

    expect(turns).toBeGreaterThanOrEqual(5); // 40 ms of work, looked at every 2 ms
    expect(turns).toBeLessThan(20);
  });

  test('cost no turn when they are little work', async () => {
    expect(await turnsWhile(0, sparingOthers(atHand(20)))).toBeLessThanOrEqual(1);
  });
});

test('a body is closed by whoever stops reading it', async () => {
  let isClosed = false;
  const body = atHand(20, () => (isClosed = true));

  for await (const chunk of sparingOthers(body)) {
    expect(chunk).toBe(CHUNK);
    break;
  }

  expect(isClosed).toBe(true);
});

test('what fails, fails for the reader', async () => {
  const reset = new Error('ECONNRESET');
  async function* broken() {
    yield await Promise.resolve(CHUNK);
    throw reset;
  }
  const read = async (): Promise<void> => {
    for await (const chunk of sparingOthers(broken())) expect(chunk).toBe(CHUNK);
  };

  await expect(read()).rejects.toBe(reset);
});
