import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubeconfigText } from '../../../src/simulator/kubeconfig.ts';
import { listAt, textsAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { ClusterKubectl } from '../ask-cluster.ts';
import { eventually } from '../eventually.ts';
import { KUBERNETES_SERVICE_IP } from '../plane-pki.ts';
import { NODE_NAME } from '../real-node/cluster.ts';
import { ContainerProcess, claimsOf } from './container.ts';
import { complaintsIn, connectionsTo, probesOf } from './container-process.ts';
import type { Stage } from './stage.ts';
import { DEPLOYMENT, SPACE, type WholeCluster } from './whole-cluster.ts';

/** Of the container's start. */
const FIGURES_WITHIN_MS = 10_000;
/** Longer than any of the waits above may take, so that what is late is measured, too. */
const PATIENCE_MS = 60_000;
/** A young pod's own figures: its kubelet looks at it every 10 to 20 s. */
const OWN_FIGURES_WITHIN_MS = 60_000;
/** The kubelet asks for liveness every 10 s. */
const PROBED_WITHIN_MS = 60_000;
/** As the manifests say; the number of the group is the same. */
const UID = 1000;
const FILTER = 2;

/** `kubectl apply -k manifests/base` and nothing else. */
export async function playInstalled(stage: Stage): Promise<void> {
  const { cluster, check } = stage;
  await check(
    'kubectl apply -k manifests/base: the APIService is Available, with figures of the node and of pods, within 10 s of the start of the container',
    () => install(stage),
  );
  await check(
    'its process is no root, has no capability, gains no privileges, and a seccomp filter holds it',
    () => confined(cluster),
  );
  await check('its root file system is read-only, and its /tmp is not', () => readOnly(cluster));
  await check('its pod keeps to the Pod Security Standard "restricted"', () => restricted(cluster));
  await check(
    'it is whom the projected token names, with the rights of manifests/base and no others',
    () => rights(cluster),
  );
  await check('the aggregator reaches it through the ClusterIP of its Service', () =>
    throughService(cluster),
  );
  await check('kubectl top shows the node, pods, and the pod of the server itself', () =>
    top(stage),
  );
  await check('the probes of the kubelet succeed: ready, never restarted, never not alive', () =>
    probed(stage),
  );
  await check('kubectl logs tells of its start, and of no error', () => logs(cluster));
}

async function install(stage: Stage): Promise<void> {
  const { cluster, say, signal } = stage;
  await using prober = cluster.probeAggregator();
  await cluster.installAlone('base');
  let availableMs: number | undefined;
  const firstOf = (about: 'nodes' | 'pods'): number | undefined =>
    prober.outcomes.find((one) => one.about === about && one.error === undefined)?.endedMs;
  const attempt = async (): Promise<void> => {
    if (await cluster.isAvailable()) availableMs ??= Date.now();
    assert.ok(availableMs !== undefined && firstOf('nodes') !== undefined, 'it is not available');
    assert.ok(firstOf('pods') !== undefined, 'there are no figures of the pods');
  };
  await eventually(PATIENCE_MS, attempt, signal);
  // The status has whole seconds, cut off, so that the container is never older than this says.
  const { startedMs, isReady, restarts } = await cluster.pod();
  assert.ok(isReady);
  assert.equal(restarts, 0);
  const after = (ms = Number.NaN): number => ms - startedMs;
  const moments = {
    'APIService Available': after(availableMs),
    'figures of the node': after(firstOf('nodes')),
    'figures of pods': after(firstOf('pods')),
  };
  const words = Object.entries(moments).map(([name, ms]) => `${name} ${(ms / 1000).toFixed(1)} s`);
  say(`after the start of the container at most: ${words.join(', ')}`);
  for (const [name, ms] of Object.entries(moments)) {
    assert.ok(ms <= FIGURES_WITHIN_MS, `${name} only after ${ms} ms`);
  }
}

async function processOf(cluster: WholeCluster): Promise<ContainerProcess> {
  const { containerId } = await cluster.pod();
  return ContainerProcess.of(cluster.real.node.containerd, containerId);
}

async function confined(cluster: WholeCluster): Promise<void> {
  const status = await (await processOf(cluster)).status();
  assert.deepEqual(status.uids, [UID, UID, UID, UID]);
  assert.deepEqual(status.gids, [UID, UID, UID, UID]);
  assert.ok(!status.groups.includes(0), 'it is in the group of root');
  for (const [set, bits] of status.capabilities) assert.equal(bits, 0n, set);
  assert.equal(status.noNewPrivileges, true);
  assert.equal(status.seccomp, FILTER);
}

/** Not even the node's own root gets a file into it. */
async function readOnly(cluster: WholeCluster): Promise<void> {
  const server = await processOf(cluster);
  await assert.rejects(writeFile(server.file('/written'), ''), { code: 'EROFS' });
  await assert.rejects(writeFile(server.file('/app/dist/written'), ''), { code: 'EROFS' });
  await writeFile(server.file('/tmp/written'), '');
}

/** kube-apiserver names the pods that a namespace would not let in any more. */
async function restricted({ real: { kubectl } }: WholeCluster): Promise<void> {
  const { code, err } = await kubectl.ask([
    ...['label', 'namespace', SPACE, '--dry-run=server', '--overwrite'],
    'pod-security.kubernetes.io/enforce=restricted',
  ]);
  assert.equal(err, '');
  assert.equal(code, 0);
}

async function rights(cluster: WholeCluster): Promise<void> {
  const { real } = cluster;
  const { name } = await cluster.pod();
  const pod = await real.kubectl.json('get', 'pod', name, '-n', SPACE);
  assert.deepEqual(
    listAt(pod, 'spec', 'volumes').map((volume) => (valueAt(volume, 'projected') ? 'token' : '')),
    ['', 'token'],
    'there is a volume beside the one of the manifests and the projected token',
  );
  const server = await processOf(cluster);
  const environment = await server.environment();
  assert.equal(environment.get('KUBERNETES_SERVICE_HOST'), KUBERNETES_SERVICE_IP);
  const token = await server.token();
  const { account, pod: owner, expiresMs } = claimsOf(token);
  assert.equal(account, `system:serviceaccount:${SPACE}:${DEPLOYMENT}`);
  assert.equal(owner, name);
  assert.ok(expiresMs > Date.now());
  const file = join(real.spec.folder, 'token.kubeconfig');
  const { plane } = real;
  const users = [{ name: 'token', token }] as const;
  const text = kubeconfigText(plane.url, plane.authorities.cluster.certPem, users);
  await writeFile(file, text, { mode: 0o600 });
  await using ours = await ClusterKubectl.create(file, plane.programs.kubectl);
  const everybodys = await rulesOf(real.kubectl, '--as=system:serviceaccount:default:default');
  const own = (await rulesOf(ours)).filter((rule) => !everybodys.includes(rule));
  assert.deepEqual(own, RIGHTS);
}

/** What manifests/base grants in its own namespace, as `VERBS GROUP/RESOURCES NAMES`, sorted. */
const RIGHTS = [
  'create authentication.k8s.io/tokenreviews',
  'create authorization.k8s.io/subjectaccessreviews',
  'get /nodes/metrics',
  'get /nodes/stats',
  'get list watch /configmaps extension-apiserver-authentication',
  'get list watch /pods,nodes',
];

async function rulesOf(kubectl: ClusterKubectl, ...flags: readonly string[]): Promise<string[]> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace: SPACE },
  };
  // who has no rights cannot read the schemas to validate by
  const words = ['create', '-f', '-', '-o', 'json', '--validate=false', ...flags];
  const { code, out, err } = await kubectl.ask(words, JSON.stringify(review));
  assert.equal(code, 0, err);
  const answer: unknown = JSON.parse(out);
  const wordsOf = (rule: unknown, name: string, glue: string): string =>
    textsAt(rule, name).join(glue);
  return listAt(answer, 'status', 'resourceRules')
    .map((rule) =>
      [
        wordsOf(rule, 'verbs', ' '),
        `${wordsOf(rule, 'apiGroups', ',')}/${wordsOf(rule, 'resources', ',')}`,
        wordsOf(rule, 'resourceNames', ','),
      ]
        .join(' ')
        .trim(),
    )
    .toSorted();
}

async function throughService(cluster: WholeCluster): Promise<void> {
  const { real } = cluster;
  const address = await cluster.clusterAddress();
  const { programs } = real.node.spec;
  const { stdout } = await promisify(execFile)(
    programs.path('iptables-save'),
    ['--counters', '--table', 'nat'],
    { env: programs.env },
  );
  const connections = connectionsTo(stdout, address, 443) ?? 0;
  assert.ok(connections > 0, `no connection to ${address} was led on`);
}

async function top({ cluster, say, signal }: Stage): Promise<void> {
  const { kubectl } = cluster.real;
  const { name, startedMs } = await cluster.pod();
  const attempt = async (): Promise<string> => {
    const out = await kubectl.run('top', 'pods', '-n', SPACE, '--no-headers');
    const line = out.split('\n').find((each) => each.startsWith(`${name} `));
    return assertFound(line, `no figures of ${name}`);
  };
  const line = await eventually(OWN_FIGURES_WITHIN_MS, attempt, signal);
  say(`own figures ${((Date.now() - startedMs) / 1000).toFixed(1)} s after its start: ${line}`);
  assert.match(line, /^\S+ +\d+m +\d+Mi *$/);
  const nodes = await kubectl.run('top', 'nodes', '--no-headers');
  assert.match(nodes, new RegExp(`^${NODE_NAME} +\\d+m +\\d+% +\\d+Mi +\\d+% *\\n$`));
  const pods = await kubectl.run('top', 'pods', '-A', '--no-headers');
  // A limit of 50 millicores, of the first samples; how exact figures get is judged by --kubelet.
  assert.match(pods, /^e2e-steady +steady-1 +(?:4\d|5\d|60)m +\d+Mi *$/m);
}

function assertFound<Value>(value: Value | undefined, complaint: string): Value {
  assert.ok(value !== undefined, complaint);
  return value;
}

async function probed({ cluster, say, signal }: Stage): Promise<void> {
  const { kubectl } = cluster.real;
  const { name } = await cluster.pod();
  const path = `/api/v1/nodes/${NODE_NAME}/proxy/metrics/probes`;
  const attempt = async (): Promise<ReadonlyMap<string, number>> => {
    const counts = probesOf(await kubectl.run('get', '--raw', path), name);
    assert.ok((counts.get('Liveness successful') ?? 0) > 0, 'it was not asked yet');
    return counts;
  };
  const counts = await eventually(PROBED_WITHIN_MS, attempt, signal);
  say([...counts].map(([kind, count]) => `${kind} ${count}`).join(', '));
  assert.equal(counts.get('Liveness failed') ?? 0, 0);
  assert.ok((counts.get('Readiness successful') ?? 0) > 0);
  const { isReady, restarts } = await cluster.pod();
  assert.deepEqual({ isReady, restarts }, { isReady: true, restarts: 0 });
}

async function logs(cluster: WholeCluster): Promise<void> {
  const { name } = await cluster.pod();
  const out = await cluster.real.kubectl.run('logs', name, '-n', SPACE);
  assert.match(out, /Serving securely/);
  assert.deepEqual(complaintsIn(out), []);
}
