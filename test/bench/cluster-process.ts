// A simulated cluster in a process of its own, for round.ts: says where it is in one line of JSON, and
// ends when its standard input does.
import process from 'node:process';
import { createCluster } from '../../src/simulator/cluster.ts';

const [nodes = '', podsPerNode = ''] = process.argv.slice(2);
await using cluster = await createCluster({
  nodes: Number(nodes),
  podsPerNode: Number(podsPerNode),
});
const { certPem, keyPem } = cluster.identities.clientCertificate('admin', ['system:masters']);
const pods = cluster.world.pods().map(({ namespace, name }) => [namespace, name]);
process.stdout.write(
  `${JSON.stringify({
    port: Number(new URL(cluster.url).port),
    ca: cluster.authorities.kubeApiServer,
    kubeletCa: cluster.authorities.kubelet,
    token: cluster.serviceAccountToken('kube-system', 'metrics-server'),
    admin: { cert: certPem, key: keyPem },
    pods: pods.length,
    somePods: pods.slice(0, 200),
  })}\n`,
);
await new Promise((resolve) => {
  process.stdin.on('end', resolve).resume();
});
