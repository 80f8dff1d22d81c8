import assert from 'node:assert/strict';
import process from 'node:process';
import { eventually } from '../eventually.ts';
import { ContainerProcess } from './container.ts';
import { complaintsIn } from './container-process.ts';
import { type OurPod, podsOf } from './our-pod.ts';
import type { Stage } from './stage.ts';
import { type Outcome, countOf, errorsOf, longestDarkMs } from './timeline.ts';
import { DEPLOYMENT, SPACE, type WholeCluster } from './whole-cluster.ts';

/** Keeps what the kubelet last said of a pod, when the pod itself is gone. */
const FINALIZER = 'e2e.metrics-server/keep';
/** The grace period of our pods, and a moment. */
const ENDED_WITHIN_MS = 75_000;
const GRACE_MS = 60_000;
/** As the Deployment asks for: it goes on serving so long. */
const SHUTDOWN_DELAY_MS = 15_000;
const BACK_WITHIN_MS = 60_000;
/** Go: 21 s. */
const MOST_DARK_MS = 10_000;
const CALM_MS = 1_000;

/** How the only replica ends, by request and by force. */
export async function playEndings(stage: Stage): Promise<void> {
  const { check } = stage;
  await check(
    'one replica, kubectl delete pod: it goes on serving, exits with 0 in time, says no error; clients wait seconds for the next one',
    () => deleteOnly(stage),
  );
  await check(
    'one replica, its process is killed: the kubelet starts it again, and figures are back',
    () => killed(stage),
  );
}

async function deleteOnly(stage: Stage): Promise<void> {
  const { cluster, say, signal } = stage;
  const { kubectl } = cluster.real;
  const { name, uid } = await cluster.pod();
  const patch = (finalizers: readonly string[] | null): Promise<string> =>
    kubectl.run(
      ...['patch', 'pod', name, '-n', SPACE, '--type=merge'],
      ...['-p', JSON.stringify({ metadata: { finalizers } })],
    );
  await patch([FINALIZER]);
  await using prober = cluster.probeAggregator();
  // Begun before: the kubelet removes the container, and what it said, as soon as the pod has ended.
  const saying = kubectl.run('logs', name, '-n', SPACE, '--follow');
  await cluster.pause(CALM_MS);
  const startedMs = performance.now();
  await kubectl.run('delete', 'pod', name, '-n', SPACE, '--wait=false');
  const ended = await whenEnded(cluster, uid, signal);
  const tookMs = performance.now() - startedMs;
  const out = await saying;
  await patch(null);
  await cluster.whenRolledOut();
  await whenServedAgain(prober.outcomes, signal);
  await prober.finish();
  const darkMs = longestDarkMs(prober.outcomes);
  say(
    `ended after ${(tookMs / 1000).toFixed(1)} s; ${countOf(prober.outcomes)}, dark for ${(darkMs / 1000).toFixed(1)} s`,
  );
  say(errorsOf(prober.outcomes).replaceAll('\n', '; '));
  assert.equal(ended.exitCode, 0);
  assert.ok(tookMs >= SHUTDOWN_DELAY_MS, 'it did not go on serving');
  assert.ok(tookMs < GRACE_MS, 'it was killed after its grace period');
  assert.match(out, /Shutting down/);
  assert.deepEqual(complaintsIn(out), []);
  assert.ok(darkMs <= MOST_DARK_MS, `clients had no answer for ${darkMs} ms`);
}

function whenEnded(cluster: WholeCluster, uid: string, signal: AbortSignal): Promise<OurPod> {
  const attempt = async (): Promise<OurPod> => {
    const { kubectl } = cluster.real;
    const list = await kubectl.json('get', 'pods', '-n', SPACE, '-l', `k8s-app=${DEPLOYMENT}`);
    const pod = podsOf(list).find((one) => one.uid === uid);
    assert.ok(pod, 'the pod is gone');
    assert.notEqual(pod.exitCode, undefined, 'it still runs');
    return pod;
  };
  return eventually(ENDED_WITHIN_MS, attempt, signal);
}

function whenServedAgain(outcomes: readonly Outcome[], signal: AbortSignal): Promise<void> {
  const attempt = (): Promise<void> => {
    // nodes and pods, on kept and on new connections
    const last = outcomes.slice(-4);
    assert.ok(last.length === 4 && last.every(({ error }) => error === undefined), 'errors go on');
    return Promise.resolve();
  };
  return eventually(BACK_WITHIN_MS, attempt, signal);
}

async function killed({ cluster, say, signal }: Stage): Promise<void> {
  const before = await cluster.pod();
  const { pid } = await ContainerProcess.of(cluster.real.node.containerd, before.containerId);
  await using prober = cluster.probeAggregator();
  await cluster.pause(CALM_MS);
  process.kill(pid, 'SIGKILL');
  const attempt = async (): Promise<void> => {
    const { uid, restarts, isReady } = await cluster.pod();
    assert.equal(uid, before.uid, 'there is another pod');
    assert.equal(restarts, before.restarts + 1);
    assert.ok(isReady, 'it is not ready yet');
  };
  await eventually(BACK_WITHIN_MS, attempt, signal);
  await whenServedAgain(prober.outcomes, signal);
  await prober.finish();
  const darkMs = longestDarkMs(prober.outcomes);
  say(`${countOf(prober.outcomes)}, figures back after ${(darkMs / 1000).toFixed(1)} s`);
  assert.ok(darkMs > 0, 'nobody noticed');
  assert.ok(darkMs <= MOST_DARK_MS, `clients had no answer for ${darkMs} ms`);
}
