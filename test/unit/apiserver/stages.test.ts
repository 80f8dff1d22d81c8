import { describe, expect, test } from '@jest/globals';
import { inTurn } from '../../../src/apiserver/stages.ts';

type Stage = (request: string, response: string[], next: () => void) => unknown;

/** What is written by the stages, and what goes on to whoever comes behind them: an error, or nothing. */
async function run(...stages: Stage[]) {
  const response: string[] = [];
  const passedOn: unknown[] = [];
  inTurn(stages)('request', response, (error) => passedOn.push(error));
  await new Promise(setImmediate);
  return { response, passedOn };
}

const writes =
  (word: string): Stage =>
  (_request, response, next) => {
    response.push(word);
    next();
  };

const waitsAndWrites =
  (word: string): Stage =>
  async (_request, response, next) => {
    await Promise.resolve();
    response.push(word);
    next();
  };

describe('stages in turn', () => {
  test('run one after another, and then whoever comes behind', async () => {
    const { response, passedOn } = await run(writes('a'), waitsAndWrites('b'), writes('c'));

    expect(response).toEqual(['a', 'b', 'c']);
    expect(passedOn).toEqual([undefined]);
  });

  test('end with the one that does not pass on', async () => {
    const { response, passedOn } = await run(
      writes('a'),
      (_request, answer) => answer.push('b'),
      writes('c'),
    );

    expect(response).toEqual(['a', 'b']);
    expect(passedOn).toEqual([]);
  });

  const refusal = new Error('no');
  test.each<{ name: string; stage: Stage }>([
    {
      name: 'throws',
      stage: () => {
        throw refusal;
      },
    },
    { name: 'rejects', stage: () => Promise.reject(refusal) },
  ])('pass on what one $name, once, and go no further', async ({ stage }) => {
    const { response, passedOn } = await run(writes('a'), stage, writes('c'));

    expect(response).toEqual(['a']);
    expect(passedOn).toEqual([refusal]);
  });

  test('pass on an error even of one that fails without saying why', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a package may do
    const { passedOn } = await run(() => Promise.reject());

    expect(passedOn).toEqual([expect.any(Error)]);
  });
});
