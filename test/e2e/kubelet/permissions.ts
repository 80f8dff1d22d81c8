import assert from 'node:assert/strict';
import { valueAt } from '../../../src/simulator/kube-object.ts';
import { eventually } from '../eventually.ts';
import { NODE_NAME } from '../real-node/cluster.ts';
import { NODE } from './kubelet-answers.ts';
import { expectedContainers } from './loads.ts';
import type { Play } from './play.ts';
import { Readings } from './readings.ts';

/** A resolution is a little shorter than the round of the container that crashes: four scrapes in a row may meet it. */
const WITHIN_MS = 90_000;
/** A kubelet remembers for half a minute who was refused. */
const GRANTED_WITHIN_MS = 30_000;
const SPACE = 'kube-system';
const SUMMARY = '/stats/summary';
const RESOURCE = '/metrics/resource';

interface Permission {
  readonly account: string;
  /** The only subresource of nodes that its role names. */
  readonly resource: 'nodes/stats' | 'nodes/metrics';
  readonly title: string;
  /** What a real kubelet answers to its token. */
  readonly answers: Readonly<Record<string, number>>;
  /** How many lines of the log have to name the missing rule. */
  readonly complaints: number;
}

const PERMISSIONS: readonly Permission[] = [
  {
    account: 'e2e-only-stats',
    resource: 'nodes/stats',
    title: 'with nodes/stats alone there are figures by the summary',
    answers: { [SUMMARY]: 200, [RESOURCE]: 403 },
    complaints: 0,
  },
  {
    account: 'e2e-only-metrics',
    resource: 'nodes/metrics',
    title:
      'with nodes/metrics alone there are figures by the resource endpoint, and the log names the missing rule once',
    answers: { [SUMMARY]: 403, [RESOURCE]: 200 },
    complaints: 1,
  },
];

/** Each of the two rules for kubelets without the other; the source is left to the server. */
export async function permissions({ scene, check, say }: Play): Promise<void> {
  await Promise.all(
    PERMISSIONS.map(async ({ account, resource, title, answers, complaints }) => {
      await scene.cluster.kubectl.apply(...roleAlone(account, resource));
      await check(title, async () => {
        await eventually(GRANTED_WITHIN_MS, () => isGranted(scene, account, resource));
        const token = await scene.token(SPACE, account);
        using kubelet = scene.kubelet(token);
        for (const [path, status] of Object.entries(answers)) {
          assert.equal((await kubelet.get(path)).status, status, `${path} for ${resource}`);
        }
        await using server = await scene.startServer(account, [], account);
        await using readings = new Readings(scene.ask(server));
        await eventually(WITHIN_MS, async () => {
          await server.throwIfEnded();
          const missing = [NODE, ...expectedContainers(NODE_NAME).keys()].filter(
            (key) => readings.firstMs(key) === undefined,
          );
          assert.deepEqual(missing, []);
        });
        readings.throwIfTroubled();
        const log = await server.log();
        assert.equal([...log.matchAll(/^W.*nodes\/stats/gm)].length, complaints, log);
        const seconds = ((performance.now() - server.startedMs) / 1000).toFixed(1);
        say(`        ${resource}: all figures after ${seconds} s`);
      });
    }),
  );
}

/** Rejects until kube-apiserver has read the role. */
async function isGranted({ api }: Play['scene'], account: string, resource: string): Promise<void> {
  const [name = '', subresource = ''] = resource.split('/');
  const review = await api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `system:serviceaccount:${SPACE}:${account}`,
      resourceAttributes: { verb: 'get', resource: name, subresource, name: NODE_NAME },
    },
  });
  assert.equal(valueAt(review, 'status', 'allowed'), true, `${account} is not allowed ${resource}`);
}

/** Everything that manifests/base gives the account, but only one rule for kubelets. */
function roleAlone(account: string, resource: string): object[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: SPACE }];
  const bound = (kind: 'ClusterRole' | 'Role', name: string): object => ({
    apiVersion,
    kind: `${kind}Binding`,
    metadata: { name: `${account}:${name}`, ...(kind === 'Role' && { namespace: SPACE }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects,
  });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace: SPACE } },
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata: { name: account },
      rules: [
        { apiGroups: [''], resources: [resource], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
      ],
    },
    bound('ClusterRole', account),
    bound('ClusterRole', 'system:auth-delegator'),
    bound('Role', 'extension-apiserver-authentication-reader'),
  ];
}
