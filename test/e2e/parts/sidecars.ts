import assert from 'node:assert/strict';
import { eventually } from '../eventually.ts';
import type { Part } from '../part.ts';
import { FIGURES } from '../scene.ts';
import { tableOf } from '../top-table.ts';

const POD = 'accompanied';
/** A second of each, at least 10 s apart, after the start. */
const SETTLED_WITHIN_MS = 60_000;

export const sidecars: Part = {
  name: 'kubectl top, init containers and sidecars',
  needs: [],
  async run(scene, check) {
    const { kubectl } = scene;
    try {
      await scene.runPods([
        {
          name: POD,
          namespace: FIGURES,
          before: { init: 'init', sidecar: 'sidecar' },
          loads: {
            init: 'ends=3s cpu=200m memory=48Mi',
            sidecar: 'cpu=50m memory=16Mi',
            app: 'cpu=100m memory=32Mi',
          },
        },
      ]);
      await check('a finished init container is not in the figures, a sidecar is', () =>
        eventually(SETTLED_WITHIN_MS, async () => {
          const words = ['top', 'pod', POD, '-n', FIGURES, '--containers', '--no-headers'];
          assert.deepEqual(await tableOf(kubectl, words), [
            [POD, 'app', '100m', '32Mi'],
            [POD, 'sidecar', '50m', '16Mi'],
          ]);
          const sum = await tableOf(kubectl, ['top', 'pod', POD, '-n', FIGURES, '--no-headers']);
          assert.deepEqual(sum, [[POD, '150m', '48Mi']]);
        }),
      );
      await check('kubectl get pod counts the sidecar as one that is ready', async () => {
        const out = await kubectl.run('get', 'pod', POD, '-n', FIGURES, '--no-headers');
        assert.deepEqual(out.split(/\s+/).slice(0, 4), [POD, '2/2', 'Running', '0']);
      });
    } finally {
      await kubectl.run('delete', 'pod', POD, '-n', FIGURES, '--ignore-not-found');
    }
  },
};
