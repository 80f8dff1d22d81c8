// The cluster of the soak in a process of its own, in which everything changes all the time. Tells where it is, then
// what happens, in lines of JSON; ends when its standard input does.
import process from 'node:process';
import { systemClock } from '../../../src/clock.ts';
import { createCluster } from '../../../src/simulator/cluster.ts';
import { SERVICE_ACCOUNTS } from '../../../src/simulator/resource-type.ts';
import { createWorld } from '../../../src/simulator/world.ts';
import { serveHandOver } from '../exact/hand-over.ts';
import { AnswerRecorder } from '../exact/recorder.ts';
import { Churn, PACE } from './churn.ts';
import type { ClusterLine, SoakAddress } from './cluster-lines.ts';

const STEP_MS = 500;
const TELL_EVERY_MS = 5_000;
/** Of tokens that are told; they are used for a while after, too. */
const TOKEN_SECONDS = 20;
const TOKENS = 4;
const SEED = 6;

const [nodes = '', podsPerNode = ''] = process.argv.slice(2);
const world = createWorld({
  nodes: Number(nodes),
  podsPerNode: Number(podsPerNode),
  namespaces: 12,
  withoutFigures: false,
  clock: systemClock,
});
using recorder = new AnswerRecorder(world);
await using handOver = await serveHandOver(recorder);
await using cluster = await createCluster({
  world,
  bookmarkIntervalMs: 10_000,
  onAnswer: (answer) => {
    recorder.record(answer);
  },
});
const { identities, objects } = cluster;
const admin = identities.clientCertificate('admin', ['system:masters']);
const account = cluster.serviceAccountToken('kube-system', 'metrics-server');
const churn = new Churn(cluster, PACE, SEED);
let breaks = 0;

function tell(line: ClusterLine | SoakAddress): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

tell({
  port: Number(new URL(cluster.url).port),
  ca: cluster.authorities.kubeApiServer,
  kubeletCa: cluster.authorities.kubelet,
  token: account,
  kubeconfig: cluster.kubeconfig('metrics-server'),
  admin: { cert: admin.certPem, key: admin.keyPem },
  frontProxy: { cert: identities.frontProxy.certPem, key: identities.frontProxy.keyPem },
  handOverPort: handOver.port,
});

const steps = setInterval(() => {
  if (churn.step()) breaks = Date.now();
}, STEP_MS);
const telling = setInterval(() => {
  const uid = objects.get(SERVICE_ACCOUNTS, 'kube-system', 'metrics-server')?.metadata.uid ?? '';
  const identity = { namespace: 'kube-system', name: 'metrics-server', uid };
  const pods = world.pods();
  tell({
    changes: churn.changes,
    lastResetMs: breaks,
    tokens: Array.from({ length: TOKENS }, () =>
      identities.serviceAccountToken(identity, TOKEN_SECONDS),
    ),
    pods: pods
      .filter((_, at) => at % Math.ceil(pods.length / 100) === 0)
      .map(({ namespace, name }) => `${namespace}/${name}`),
    nodes: world.nodes().length,
    podCount: pods.length,
  });
}, TELL_EVERY_MS);
await new Promise((resolve) => {
  process.stdin.on('end', resolve).resume();
});
clearInterval(steps);
clearInterval(telling);
