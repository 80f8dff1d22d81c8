import assert from 'node:assert/strict';
import process from 'node:process';
import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import type { Check, Part } from '../part.ts';
import { PythonClient } from '../python.ts';
import { FIGURES } from '../scene.ts';

const NAMES = ['idle', 'pair', 'steady-1', 'steady-2'];
const PAIR = [
  { name: 'app', usage: { cpu: '100m', memory: '32Mi' } },
  { name: 'side', usage: { cpu: '20m', memory: '16Mi' } },
];
const IN_FIGURES = { namespace: FIGURES, plural: 'pods' };

function namesOf(list: unknown): string[] {
  return listAt(list, 'items').map((item) => textAt(item, 'metadata', 'name'));
}

export const pythonClient: Part = {
  name: 'official Python client',
  needs: ['Python'],
  async run(scene, check) {
    const { python, kubeconfig } = scene.spec;
    if (!python) throw new Error('There is no Python');
    await scene.whenExact();
    const client = await PythonClient.create(python, kubeconfig, process.env);
    await lists(client, check);
    await pages(client, check);
    await single(client, check);
    await check('kubernetes.client lists nodes, and gets each of them', async () => {
      const names = namesOf(await client.ask('list_cluster_custom_object', { plural: 'nodes' }));
      for (const { name } of scene.nodes.world.nodes()) {
        assert.ok(names.includes(name), name);
        const given = { plural: 'nodes', name };
        const node = await client.ask('get_cluster_custom_object', given);
        assert.equal(valueAt(node, 'kind'), 'NodeMetrics');
        assert.equal(textAt(node, 'metadata', 'name'), name);
        assert.match(textAt(node, 'usage', 'cpu'), /^\d+[num]?$/);
        assert.match(textAt(node, 'usage', 'memory'), /^\d+[KM]i$/);
      }
    });
  },
};

async function lists(client: PythonClient, check: Check): Promise<void> {
  await check('kubernetes.client lists the pods of a namespace', async () => {
    const list = await client.ask('list_namespaced_custom_object', IN_FIGURES);
    assert.equal(valueAt(list, 'kind'), 'PodMetricsList');
    assert.deepEqual(namesOf(list), NAMES);
    assert.deepEqual(valueAt(listAt(list, 'items')[1], 'containers'), PAIR);
  });
  await check('kubernetes.client lists the pods of the cluster', async () => {
    const list = await client.ask('list_cluster_custom_object', { plural: 'pods' });
    const ours = listAt(list, 'items').filter(
      (item) => textAt(item, 'metadata', 'namespace') === FIGURES,
    );
    assert.deepEqual(namesOf({ items: ours }), NAMES);
  });
  for (const [selector, names] of [
    ['app=steady', ['steady-1', 'steady-2']],
    ['app in (pair, idle)', ['idle', 'pair']],
    ['app!=steady,app!=idle', ['pair']],
    ['app=nobody', []],
  ] as const) {
    await check(`kubernetes.client lists pods with label_selector="${selector}"`, async () => {
      const given = { ...IN_FIGURES, label_selector: selector };
      assert.deepEqual(namesOf(await client.ask('list_namespaced_custom_object', given)), names);
    });
  }
}

async function pages(client: PythonClient, check: Check): Promise<void> {
  await check('kubernetes.client reads pages of three by limit and _continue', async () => {
    const first = await client.ask('list_namespaced_custom_object', { ...IN_FIGURES, limit: 3 });
    assert.deepEqual(namesOf(first), NAMES.slice(0, 3));
    assert.equal(valueAt(first, 'metadata', 'remainingItemCount'), 1);
    const token = textAt(first, 'metadata', 'continue');
    assert.notEqual(token, '');
    const given = { ...IN_FIGURES, limit: 3, _continue: token };
    const second = await client.ask('list_namespaced_custom_object', given);
    assert.deepEqual(namesOf(second), NAMES.slice(3));
    assert.equal(textAt(second, 'metadata', 'continue'), '');
  });
  await check('kubernetes.client is refused a token that is none', async () => {
    const given = { ...IN_FIGURES, limit: 3, _continue: 'nonsense' };
    const answer = await client.ask('list_namespaced_custom_object', given);
    assert.equal(valueAt(answer, 'refusal', 'status'), 400);
    assert.equal(textAt(answer, 'refusal', 'body', 'reason'), 'BadRequest');
  });
}

async function single(client: PythonClient, check: Check): Promise<void> {
  await check('kubernetes.client gets one pod', async () => {
    const given = { ...IN_FIGURES, name: 'pair' };
    const pod = await client.ask('get_namespaced_custom_object', given);
    assert.equal(valueAt(pod, 'kind'), 'PodMetrics');
    assert.deepEqual(valueAt(pod, 'metadata', 'labels', 'app'), 'pair');
    assert.deepEqual(valueAt(pod, 'containers'), PAIR);
  });
  await check('kubernetes.client raises 404 for a pod that does not exist', async () => {
    const given = { ...IN_FIGURES, name: 'nobody' };
    const answer = await client.ask('get_namespaced_custom_object', given);
    assert.equal(valueAt(answer, 'refusal', 'status'), 404);
    const body = valueAt(answer, 'refusal', 'body');
    assert.equal(textAt(body, 'message'), 'pods "nobody" not found');
    assert.equal(textAt(body, 'reason'), 'NotFound');
  });
}
