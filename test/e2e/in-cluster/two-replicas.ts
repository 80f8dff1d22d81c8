import assert from 'node:assert/strict';
import { eventually } from '../eventually.ts';
import type { OurPod } from './our-pod.ts';
import { NO_ERROR, rollOut } from './rollouts.ts';
import type { Stage } from './stage.ts';
import { undisturbed } from './undisturbed.ts';
import { DEPLOYMENT, SPACE, VERSIONS, type WholeCluster } from './whole-cluster.ts';

const TOO_MANY_REQUESTS = /TooManyRequests|disruption budget/i;
/** As the manifests say: so long after, every replica has asked again. */
const RESOLUTION_MS = 15_000;
const CALM_MS = 1_000;
const GRANTED_WITHIN_MS = 30_000;

/** Two replicas, as manifests/overlays/release-ha installs them. */
export async function playTwoReplicas(stage: Stage): Promise<void> {
  const { cluster, check } = stage;
  const { kubectl } = cluster.real;
  const [, next] = VERSIONS;
  await check('manifests/overlays/release-ha: two replicas get ready', async () => {
    await cluster.uninstall();
    await cluster.installAlone('overlays/release-ha');
    await cluster.whenReady(2);
    await cluster.whenAvailable();
  });
  const changes: readonly (readonly [string, () => Promise<void>])[] = [
    ['kubectl delete pod of one replica', () => deleteOne(cluster)],
    ['one is evicted, and the PodDisruptionBudget keeps the other', () => evict(stage)],
    ['a rollout to a second version', () => rollOut(cluster, HIGH_AVAILABILITY, next)],
    [
      'kubectl rollout restart',
      async () => {
        await kubectl.run('rollout', 'restart', `deployment/${DEPLOYMENT}`, '-n', SPACE);
        await cluster.whenRolledOut();
      },
    ],
    ['the kubelet and containerd restart', () => restartNode(cluster)],
  ];
  for (const [name, change] of changes) {
    await check(`two replicas, ${name}: ${NO_ERROR}`, () => undisturbed(stage, change));
  }
}

const HIGH_AVAILABILITY = ['high-availability'];

async function deleteOne(cluster: WholeCluster): Promise<void> {
  const [pod] = await staying(cluster);
  assert.ok(pod);
  await cluster.real.kubectl.run('delete', 'pod', pod.name, '-n', SPACE);
  await cluster.whenSettled();
  assert.ok(!(await cluster.pods()).some(({ uid }) => uid === pod.uid));
}

/** Without the one of manifests/base, which may still be about to go; no budget keeps one that goes. */
async function staying(cluster: WholeCluster): Promise<OurPod[]> {
  return (await cluster.pods()).filter(({ isReady, isEnding }) => isReady && !isEnding);
}

/** The containers go on; the kubelet begins anew to measure them. */
async function restartNode(cluster: WholeCluster): Promise<void> {
  const { node } = cluster.real;
  // In this order: a kubelet that finds no containerd ends.
  await node.containerd.restart();
  await node.kubelet.restart();
  await cluster.whenKubeletAnswers();
  await cluster.pause(RESOLUTION_MS + CALM_MS);
}

/** As `kubectl drain` does with each pod of a node. */
async function evict({ cluster, signal }: Stage): Promise<void> {
  const [one, other] = await staying(cluster);
  assert.ok(one && other);
  // The budget is reckoned anew after every change of the pods.
  const granted = async (): Promise<void> => {
    assert.deepEqual(await askForEviction(cluster, one.name), { code: 0, refused: false });
  };
  await eventually(GRANTED_WITHIN_MS, granted, signal);
  const { code, refused } = await askForEviction(cluster, other.name);
  assert.notEqual(code, 0, 'both replicas were evicted at once');
  assert.ok(refused);
  await cluster.whenSettled();
  const left = (await cluster.pods()).map(({ uid }) => uid);
  assert.ok(!left.includes(one.uid) && left.includes(other.uid));
}

async function askForEviction(
  { real: { kubectl } }: WholeCluster,
  name: string,
): Promise<{ code: number; refused: boolean }> {
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: SPACE },
  };
  const path = `/api/v1/namespaces/${SPACE}/pods/${name}/eviction`;
  const { code, err } = await kubectl.ask(
    ['create', '--raw', path, '-f', '-'],
    JSON.stringify(eviction),
  );
  return { code, refused: TOO_MANY_REQUESTS.test(err) };
}
