import assert from 'node:assert/strict';
import type { Part } from '../part.ts';
import { FIGURES } from '../scene.ts';
import { eventually } from '../eventually.ts';

const SETTLED_WITHIN_MS = 60_000;

export const kubectlTop: Part = {
  name: 'kubectl top',
  needs: [],
  async run({ kubectl }, check) {
    await check('top pods shows what the containers use, to the millicore', () =>
      eventually(SETTLED_WITHIN_MS, async () => {
        const out = await kubectl.run('top', 'pods', '-n', FIGURES, '--no-headers');
        assert.deepEqual(rows(out), [
          ['idle', '0m', '8Mi'],
          ['pair', '120m', '48Mi'],
          ['steady-1', '250m', '64Mi'],
          ['steady-2', '250m', '64Mi'],
        ]);
      }),
    );
  },
};

function rows(text: string): string[][] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
}
