import assert from 'node:assert/strict';
import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { eventually } from '../eventually.ts';
import type { Check, Part } from '../part.ts';
import { FIGURES, type Scene } from '../scene.ts';
import { type PodSpec, pod } from '../workloads.ts';

const READY_AFTER_MS = 8_000;
/** Scheduled, started, and over or ready. */
const WITHIN_MS = 60_000;
/** Two heartbeats and a moment. */
const RENEWED_WITHIN_MS = 45_000;
/** Times in a status have whole seconds. */
const SECOND_MS = 1_000;

const PODS: readonly PodSpec[] = [
  { name: 'late', namespace: FIGURES, loads: { app: `ready=${READY_AFTER_MS / 1_000}s` } },
  ...[0, 1].map((exitCode): PodSpec => ({
    name: `exit-${exitCode}`,
    namespace: FIGURES,
    loads: { app: `ends=3s exit=${exitCode}` },
    restartPolicy: 'Never',
  })),
];

/** What the simulated nodes write about themselves and their pods, as the real API server has it. */
export const podLives: Part = {
  name: 'nodes and the lives of pods',
  needs: ['controllers'],
  async run(scene, check) {
    const { kubectl } = scene;
    await nodesLive(scene, check);
    try {
      // No node is named: the scheduler chooses one.
      await kubectl.apply(...PODS.map((spec) => pod(spec)));
      await check('a pod is Running, and Ready as late as its workload says', () =>
        becomesReady(scene),
      );
      await check('a pod that ends with 0 is Succeeded', () => ends(scene, 'Succeeded', 0));
      await check('a pod that ends with 1 is Failed', () => ends(scene, 'Failed', 1));
    } finally {
      const names = PODS.map(({ name }) => name);
      await kubectl.run('delete', 'pods', ...names, '-n', FIGURES, '--ignore-not-found');
    }
  },
};

async function nodesLive({ kubectl, nodes, spec }: Scene, check: Check): Promise<void> {
  const names = nodes.world.nodes().map(({ name }) => name);
  await check('each node has a kubelet at a port of its own, and is Ready', async () => {
    const objects = listAt(await kubectl.json('get', 'nodes'), 'items').filter((node) =>
      names.includes(textAt(node, 'metadata', 'name')),
    );
    const ports = objects.map((node) =>
      valueAt(node, 'status', 'daemonEndpoints', 'kubeletEndpoint', 'Port'),
    );
    assert.equal(new Set(ports).size, names.length);
    assert.deepEqual(
      objects.map((node) => conditionOf(node, 'Ready').status),
      names.map(() => 'True'),
    );
  });
  await check('each node renews its lease', async () => {
    const renewals = async (): Promise<string[]> => {
      const list = await kubectl.json('get', 'leases', '-n', 'kube-node-lease');
      const leases = listAt(list, 'items').filter((lease) =>
        names.includes(textAt(lease, 'spec', 'holderIdentity')),
      );
      return leases.map((lease) => textAt(lease, 'spec', 'renewTime'));
    };
    const before = await renewals();
    assert.equal(before.length, names.length);
    const attempt = async (): Promise<void> => {
      const now = await renewals();
      assert.ok(
        now.every((time, at) => time > (before[at] ?? '')),
        'not all leases were renewed',
      );
    };
    await eventually(RENEWED_WITHIN_MS, attempt, spec.signal);
  });
}

function conditionOf(object: unknown, wanted: string): { status: string; sinceMs: number } {
  const condition = listAt(object, 'status', 'conditions').find(
    (each) => textAt(each, 'type') === wanted,
  );
  return {
    status: textAt(condition, 'status'),
    sinceMs: Date.parse(textAt(condition, 'lastTransitionTime')),
  };
}

async function becomesReady({ kubectl, spec }: Scene): Promise<void> {
  const attempt = async (isReady: 'True' | 'False'): Promise<unknown> => {
    const object = await kubectl.json('get', 'pod', 'late', '-n', FIGURES);
    assert.equal(textAt(object, 'status', 'phase'), 'Running');
    assert.equal(conditionOf(object, 'Ready').status, isReady);
    return object;
  };
  await eventually(WITHIN_MS, () => attempt('False'), spec.signal);
  const object = await eventually(WITHIN_MS, () => attempt('True'), spec.signal);
  const [container] = listAt(object, 'status', 'containerStatuses');
  const startMs = Date.parse(textAt(container, 'state', 'running', 'startedAt'));
  const lateMs = conditionOf(object, 'Ready').sinceMs - startMs;
  assert.ok(Math.abs(lateMs - READY_AFTER_MS) <= SECOND_MS, `it was ready after ${lateMs} ms`);
}

async function ends({ kubectl, spec }: Scene, phase: string, exitCode: number): Promise<void> {
  const attempt = async (): Promise<void> => {
    const object = await kubectl.json('get', 'pod', `exit-${exitCode}`, '-n', FIGURES);
    assert.equal(textAt(object, 'status', 'phase'), phase);
    assert.equal(conditionOf(object, 'Ready').status, 'False');
    const [container] = listAt(object, 'status', 'containerStatuses');
    assert.equal(valueAt(container, 'state', 'terminated', 'exitCode'), exitCode);
  };
  await eventually(WITHIN_MS, attempt, spec.signal);
}
