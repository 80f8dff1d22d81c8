import assert from 'node:assert/strict';
import type { Part } from '../part.ts';
import { FIGURES, NOBODY, VIEWER } from '../scene.ts';

export const users: Part = {
  name: 'users',
  needs: ['controllers'],
  async run(scene, check) {
    await scene.whenExact();
    await using viewer = await scene.kubectlAs(VIEWER);
    await using nobody = await scene.kubectlAs(NOBODY);
    const nameOf = (account: string): string => `system:serviceaccount:${FIGURES}:${account}`;
    await check('a viewer of one namespace sees its pods', async () => {
      const out = await viewer.run('top', 'pods', '-n', FIGURES, '--no-headers');
      assert.equal(out.trimEnd().split('\n').length, 4);
    });
    await check('a viewer of one namespace sees no other one', async () => {
      const { code, err } = await viewer.ask(['top', 'pods', '-n', 'kube-system']);
      assert.equal(code, 1);
      assert.equal(
        err,
        `Error from server (Forbidden): pods.metrics.k8s.io is forbidden: User "${nameOf(VIEWER)}" cannot list resource "pods" in API group "metrics.k8s.io" in the namespace "kube-system"\n`,
      );
    });
    await check('somebody without rights sees neither pods nor nodes', async () => {
      for (const [words, where] of [
        [['top', 'nodes'], 'nodes" in API group "metrics.k8s.io" at the cluster scope'],
        [
          ['top', 'pods', '-n', FIGURES],
          `pods" in API group "metrics.k8s.io" in the namespace "${FIGURES}"`,
        ],
      ] as const) {
        const { code, err } = await nobody.ask(words);
        assert.equal(code, 1);
        assert.ok(err.endsWith(`User "${nameOf(NOBODY)}" cannot list resource "${where}\n`), err);
      }
    });
    await check('somebody without rights may discover the API all the same', async () => {
      const out = await nobody.run('api-resources', '--api-group=metrics.k8s.io', '-o', 'name');
      assert.equal(out, 'nodes.metrics.k8s.io\npods.metrics.k8s.io\n');
    });
  },
};
