// A simulated cluster in a process of its own: says where it is in one line of JSON, and ends when its
// standard input does.
import process from 'node:process';
import { systemClock } from '../../src/clock.ts';
import { createCluster } from '../../src/simulator/cluster.ts';
import { createBenchWorld } from './bench-world.ts';
import type { ClusterAddress } from './cluster-address.ts';
import { serveHandOver } from './exact/hand-over.ts';
import { AnswerRecorder } from './exact/recorder.ts';

const [nodes = '', podsPerNode = ''] = process.argv.slice(2);
const size = { nodes: Number(nodes), podsPerNode: Number(podsPerNode) };
const { world, steadyPods, selected } = createBenchWorld(size, systemClock);
using recorder = new AnswerRecorder(world);
await using handOver = await serveHandOver(recorder);
await using cluster = await createCluster({
  world,
  onAnswer: (answer) => {
    recorder.record(answer);
  },
});
const { certPem, keyPem } = cluster.identities.clientCertificate('admin', ['system:masters']);
const address: ClusterAddress = {
  port: Number(new URL(cluster.url).port),
  ca: cluster.authorities.kubeApiServer,
  kubeletCa: cluster.authorities.kubelet,
  token: cluster.serviceAccountToken('kube-system', 'metrics-server'),
  kubeconfig: cluster.kubeconfig('metrics-server'),
  admin: { cert: certPem, key: keyPem },
  nodes: world.nodes().map(({ name }) => name),
  pods: world.pods().length,
  steadyPods,
  selected,
  handOverPort: handOver.port,
};
process.stdout.write(`${JSON.stringify(address)}\n`);
await new Promise((resolve) => {
  process.stdin.on('end', resolve).resume();
});
