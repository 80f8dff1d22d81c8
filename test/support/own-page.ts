import { createCluster } from '../../src/simulator/cluster.ts';
import { RunningServer } from './running-server.ts';
import { ServerClient } from './server-client.ts';
import { until } from './wait-for.ts';

const API = '/apis/metrics.k8s.io/v1beta1';

/** The page of metrics of the real server, after it was asked for all sorts of things by all sorts of callers. */
export async function pageAfterUse(): Promise<string> {
  await using cluster = await createCluster({ nodes: 2, pods: 6 });
  cluster.faults.set('status-500', { nodeName: 'node-2' });
  await using server = await RunningServer.start(cluster);
  using admin = new ServerClient(server.port, {
    certificate: cluster.identities.clientCertificate('admin', ['system:masters']),
  });
  using viewer = new ServerClient(server.port, {
    certificate: cluster.identities.clientCertificate('viewer'),
  });
  using account = new ServerClient(server.port, {
    headers: [
      ['Authorization', `Bearer ${cluster.serviceAccountToken('kube-system', 'metrics-server')}`],
    ],
  });
  using stranger = new ServerClient(server.port, { headers: [['Authorization', 'Bearer nobody']] });
  await until(
    () => admin.get(`${API}/nodes/node-1`),
    ({ status }) => status === 200,
  );
  for (const path of [
    ...[`${API}/nodes`, `${API}/pods`, `${API}/namespaces/default/pods`],
    ...[`${API}/nodes/nope`, `${API}/nodes?watch=true`, `${API}/nodes?dryRun=All`],
    ...['/readyz', '/livez', '/healthz', '/apis', '/nope'],
  ]) {
    await admin.get(path);
  }
  await admin.send('/healthz', { method: 'POST' });
  for (const caller of [viewer, account, stranger]) await caller.get(`${API}/pods`);
  await admin.get(`${API}/pods`, { headers: [['Impersonate-User', 'viewer']] });
  const { status, body } = await admin.get('/metrics');
  if (status !== 200) throw new Error(`GET /metrics was answered ${status}: ${body}`);
  return body;
}
