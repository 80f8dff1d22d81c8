import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { sparingCompilers } from '../../src/compilers.ts';

const MODULE = new URL('../../src/compilers.ts', import.meta.url).href;

/** The bit of a function's status, as V8 tells it, that says that the stronger compiler has done it. */
const TURBOFANNED = 1 << 5;

/** Runs a hot loop until there is nothing left to optimize, for so long at most; says what V8's optimizing compilers did of it. */
async function compilersUsed(nodes: number, forMs: number): Promise<Set<string>> {
  const program = `
    const { sparingCompilers } = await import(${JSON.stringify(MODULE)});
    const told = sparingCompilers();
    told(${nodes});
    function hot(value) { let sum = 0; for (let i = 0; i < 100; i++) sum += (value * i) % 7; return sum; }
    const endMs = performance.now() + ${forMs};
    let total = 0;
    while (performance.now() < endMs && !(%GetOptimizationStatus(hot) & ${TURBOFANNED})) {
      for (let i = 0; i < 1000; i++) total += hot(i);
      await new Promise(setImmediate);
    }
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--trace-opt',
    '--allow-natives-syntax',
    '--input-type=module',
    '--eval',
    program,
  ]);
  return new Set(
    [
      ...stdout.matchAll(/completed (?:optimizing|compiling) .*<JSFunction hot .*target (\w+)\)/g),
    ].map(([, name = '']) => name),
  );
}

describe('sparingCompilers', () => {
  test('turns the optimizing compilers on once, when there are more than 20 nodes', () => {
    const flags: string[] = [];
    const told = sparingCompilers((flag) => flags.push(flag));
    for (const nodes of [0, 3, 20]) told(nodes);
    const before = [...flags];
    for (const nodes of [21, 3, 1000]) told(nodes);

    expect(before).toEqual(expect.arrayContaining(['--no-turbofan', '--no-maglev']));
    expect(flags.slice(before.length)).toEqual(['--maglev', '--turbofan']);
  });

  test.each([
    { nodes: 3, forMs: 800, isUsed: false },
    { nodes: 100, forMs: 10_000, isUsed: true },
  ])('V8 optimizes hot code with $nodes nodes: $isUsed', async ({ nodes, forMs, isUsed }) => {
    const used = await compilersUsed(nodes, forMs);

    expect({ maglev: used.has('MAGLEV'), turbofan: used.has('TURBOFAN_JS') }).toEqual({
      maglev: isUsed,
      turbofan: isUsed,
    });
  });
});
