import assert from 'node:assert/strict';
import { CoreV1Api, KubeConfig, Metrics, topNodes, topPods } from '@kubernetes/client-node';
import type { Part } from '../part.ts';
import { FIGURES } from '../scene.ts';

export const nodeClient: Part = {
  name: 'official JavaScript client',
  needs: [],
  async run(scene, check) {
    const { kubectl, nodes } = scene;
    await scene.whenExact();
    const config = new KubeConfig();
    config.loadFromFile(kubectl.kubeconfig);
    const metrics = new Metrics(config);
    const core = config.makeApiClient(CoreV1Api);
    await check('@kubernetes/client-node lists the pods of a namespace', async () => {
      const { items } = await metrics.getPodMetrics(FIGURES);
      assert.deepEqual(
        items.map(({ metadata, containers }) => [
          metadata.name,
          containers.map(({ name, usage }) => `${name} ${usage.cpu} ${usage.memory}`),
        ]),
        [
          ['idle', ['app 0 8Mi']],
          ['pair', ['app 100m 32Mi', 'side 20m 16Mi']],
          ['steady-1', ['app 250m 64Mi']],
          ['steady-2', ['app 250m 64Mi']],
        ],
      );
    });
    await check('@kubernetes/client-node lists the nodes', async () => {
      const { items } = await metrics.getNodeMetrics();
      const names = items.map(({ metadata }) => metadata.name);
      for (const { name } of nodes.world.nodes()) assert.ok(names.includes(name), name);
    });
    await check('its topNodes and topPods add up what the pods use', async () => {
      const usages = await topPods(core, metrics, FIGURES);
      const cores = usages.map(({ Pod: { metadata }, CPU }) => [
        metadata?.name,
        // It adds up floating point numbers.
        Number(Number(CPU.CurrentUsage).toFixed(6)),
      ]);
      assert.deepEqual(cores, [
        ['idle', 0],
        ['pair', 0.12],
        ['steady-1', 0.25],
        ['steady-2', 0.25],
      ]);
      // It knows the requests of pods on a node, not their usage; that it can put the two together is enough.
      assert.ok((await topNodes(core)).length >= nodes.world.nodes().length);
    });
  },
};
