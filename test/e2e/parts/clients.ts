import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import type { Part } from '../part.ts';
import { FIGURES, type Scene } from '../scene.ts';

const TIMEOUT_MS = 30_000;
const MIB = 1024 * 1024;
const ENCODINGS = ['application/json', 'application/vnd.kubernetes.protobuf'] as const;

/** Runs the Go program (controlplane/clients) as the administrator, and reads what it printed. */
async function ask({ spec }: Scene, words: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    spec.clients ?? '',
    [words[0] ?? '', `-kubeconfig=${spec.kubeconfig}`, ...words.slice(1)],
    { timeout: TIMEOUT_MS },
  );
  return JSON.parse(stdout);
}

export const goClients: Part = {
  name: 'Go clients',
  needs: ['Go clients'],
  async run(scene, check) {
    await scene.whenExact();
    for (const encoding of ENCODINGS) {
      const asking = [`-content-type=${encoding}`, `-namespace=${FIGURES}`];
      await check(`the clientset of k8s.io/metrics reads ${encoding}`, async () => {
        const answer = await ask(scene, ['metrics', ...asking, '-selector=app=pair']);
        const nodes = listAt(answer, 'nodes', 'items');
        const ours = nodes.filter((node) =>
          textAt(node, 'metadata', 'name').startsWith('simulated-'),
        );
        assert.equal(ours.length, 3);
        const pods = listAt(answer, 'pods', 'items');
        assert.deepEqual(
          pods.map((pod) => [textAt(pod, 'metadata', 'name'), valueAt(pod, 'containers')]),
          [
            [
              'pair',
              [
                { name: 'app', usage: { cpu: '100m', memory: '32Mi' } },
                { name: 'side', usage: { cpu: '20m', memory: '16Mi' } },
              ],
            ],
          ],
        );
      });
      for (const { name, words, value } of [
        { name: 'cpu of whole pods', words: ['-resource=cpu'], value: 120 },
        { name: 'cpu of one container', words: ['-resource=cpu', '-container=side'], value: 20 },
        // Values are in thousandths, of bytes too.
        { name: 'memory', words: ['-resource=memory'], value: 48 * MIB * 1000 },
      ]) {
        await check(`the autoscaler's own client reads ${name} from ${encoding}`, async () => {
          const answer = await ask(scene, ['hpa', ...asking, ...words, '-selector=app=pair']);
          assert.equal(valueAt(answer, 'pods', 'pair', 'Value'), value);
          assert.ok(Number(valueAt(answer, 'pods', 'pair', 'Window')) > 0);
        });
      }
    }
  },
};
