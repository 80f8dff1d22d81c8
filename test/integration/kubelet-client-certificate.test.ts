import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CertificateAndKey, createCertificateAuthority } from '../../src/pki/certificate.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS } from '../../src/simulator/resource-type.ts';
import type { NodeMetrics } from '../support/expected-usage.ts';
import { hastyClock, RunningServer } from '../support/running-server.ts';
import { ServerClient } from '../support/server-client.ts';
import { shopWorld } from '../support/shop-world.ts';
import { until } from '../support/wait-for.ts';

const RBAC = 'rbac.authorization.k8s.io';
const SCRAPER = 'kubelet-reader';
const [CERT_FILE, KEY_FILE] = ['/pki/scraper.crt', '/pki/scraper.key'];

let cluster: Cluster;

beforeAll(async () => {
  const clock = hastyClock(10);
  cluster = await createCluster({ world: shopWorld(clock), clock });
  const head = { apiVersion: `${RBAC}/v1`, metadata: { name: SCRAPER } };
  const rules = [{ apiGroups: [''], resources: ['nodes/stats'], verbs: ['get'] }];
  const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: SCRAPER };
  const subjects = [{ apiGroup: RBAC, kind: 'User', name: SCRAPER }];
  const role = { ...head, kind: 'ClusterRole', rules };
  const binding = { ...head, kind: 'ClusterRoleBinding', roleRef, subjects };
  cluster.objects.put(CLUSTER_ROLES, role);
  cluster.objects.put(CLUSTER_ROLE_BINDINGS, binding);
});

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

describe('a simulated kubelet', () => {
  const stranger = createCertificateAuthority({ commonName: 'kubernetes', nowMs: Date.now() });
  const token = (): string => cluster.serviceAccountToken('kube-system', 'metrics-server');

  test.each<{
    who: string;
    certificate: () => CertificateAndKey;
    token?: () => string;
    status: number;
    body?: string;
  }>([
    {
      who: 'a user who may',
      certificate: () => cluster.identities.clientCertificate(SCRAPER),
      status: 200,
    },
    {
      who: 'a user who may not, and whose token might',
      certificate: () => cluster.identities.clientCertificate('nobody'),
      token,
      status: 403,
      body: 'Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[stats])\n',
    },
    {
      who: 'a name that another authority gave',
      certificate: () => stranger.issue({ commonName: SCRAPER, usages: ['clientAuth'] }),
      status: 401,
      body: 'Unauthorized',
    },
    {
      who: 'a server',
      certificate: () =>
        cluster.identities.clientCa.issue({ commonName: SCRAPER, usages: ['serverAuth'] }),
      status: 401,
      body: 'Unauthorized',
    },
    {
      who: 'a stranger with a good token',
      certificate: () => stranger.issue({ commonName: SCRAPER, usages: ['clientAuth'] }),
      token,
      status: 200,
    },
  ])('answers the certificate of $who with $status', async (caller) => {
    const answer = await askKubelet(caller.certificate(), caller.token?.());

    expect(answer.status).toBe(caller.status);
    expect(caller.body ?? answer.body).toBe(answer.body);
  });
});

test('--kubelet-client-certificate is who the server is for kubelets, whatever its token may do', async () => {
  // Without its rights on nodes the server's own token gets 403 from kubelets.
  const role = cluster.objects.get(CLUSTER_ROLES, '', 'system:metrics-server');
  const rules = [
    { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
  ];
  const changed = { apiVersion: '', kind: '', metadata: { name: '' }, ...role, rules };
  cluster.objects.put(CLUSTER_ROLES, changed);
  const { certPem, keyPem } = cluster.identities.clientCertificate(SCRAPER);
  const admin = cluster.identities.clientCertificate('admin', ['system:masters']);

  await using server = await RunningServer.start(cluster, {
    flags: [`--kubelet-client-certificate=${CERT_FILE}`, `--kubelet-client-key=${KEY_FILE}`],
    files: [
      [CERT_FILE, certPem],
      [KEY_FILE, keyPem],
    ],
  });
  using client = new ServerClient(server.port, { certificate: admin });
  const nodes = await until(
    async () => {
      const { status, body } = await client.get('/apis/metrics.k8s.io/v1beta1/nodes');
      return status === 200 ? (JSON.parse(body) as { items: NodeMetrics[] }).items : [];
    },
    (items) => items.length === 3,
  );

  expect(nodes.map(({ metadata }) => metadata.name)).toEqual(['node-1', 'node-2', 'node-3']);
  expect(server.log.lines.filter(({ message }) => message.includes('nodes/stats'))).toEqual([]);
});

function askKubelet(
  { certPem, keyPem }: CertificateAndKey,
  token: string | undefined,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: cluster.kubelets.port('node-1'),
        path: '/stats/summary?only_cpu_and_memory=true',
        ca: cluster.authorities.kubelet,
        cert: certPem,
        key: keyPem,
        agent: false,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => (body += text));
        answer.once('error', reject);
        answer.once('end', () => {
          resolve({ status: answer.statusCode ?? 0, body });
        });
      },
    )
      .once('error', reject)
      .end();
  });
}
