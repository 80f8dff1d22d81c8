import assert from 'node:assert/strict';
import { textAt, textsAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { type RemoteApi, RemoteApiError } from '../../../src/simulator/remote-api.ts';
import { eventually } from '../eventually.ts';
import type { Part } from '../part.ts';
import { FIGURES, type Scene, VIEWER } from '../scene.ts';
import { pod } from '../workloads.ts';

/** kube-apiserver has read which pods are whose by then. */
const BOUND_WITHIN_MS = 10_000;

/** What the simulated nodes write, they write as a kubelet does: under the node's own name. */
export const nodeRights: Part = {
  name: 'nodes write as themselves',
  needs: ['own plane'],
  async run(scene, check) {
    const [own, other] = scene.nodes.world.nodes().map(({ name }) => name);
    assert.ok(own !== undefined && other !== undefined);
    const { api } = scene.nodes.client(own);
    await check('each is system:node:NAME of the group system:nodes', async () => {
      const review = await api.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      });
      assert.equal(textAt(review, 'status', 'userInfo', 'username'), `system:node:${own}`);
      assert.deepEqual(textsAt(review, 'status', 'userInfo', 'groups'), [
        'system:nodes',
        'system:authenticated',
      ]);
    });
    await check('it may report on itself, and on no other node', async () => {
      const report = (name: string) =>
        api.patch(`/api/v1/nodes/${name}/status`, { status: { phase: 'Running' } });
      await report(own);
      await refused(report(other), `node "${own}" is not allowed to modify node "${other}"`);
    });
    await check('it may renew its own lease, and no other one', async () => {
      const renew = (name: string) =>
        api.patch(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`, {
          spec: { holderIdentity: name },
        });
      await renew(own);
      await refused(renew(other), 'can only access node lease with the same name');
    });
    await check('it may report on the pods that are bound to it, and on no others', () =>
      reportsOnPods(scene, api, { own, other }),
    );
    await check('it may ask whose a token is, and what somebody may do on it', async () => {
      const token = await scene.token(FIGURES, VIEWER);
      const whose = await api.post('/apis/authentication.k8s.io/v1/tokenreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token },
      });
      const user = `system:serviceaccount:${FIGURES}:${VIEWER}`;
      assert.equal(textAt(whose, 'status', 'user', 'username'), user);
      const attributes = { verb: 'get', version: 'v1', resource: 'nodes', subresource: 'stats' };
      const may = await api.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, resourceAttributes: { ...attributes, name: own } },
      });
      assert.equal(valueAt(may, 'status', 'allowed'), false);
    });
    await check('it may not take itself away', () =>
      refused(api.delete(`/api/v1/nodes/${own}`), 'cannot delete resource "nodes"'),
    );
  },
};

/** Of one pod on each of two nodes: where the scheduler puts pods is its own affair. */
async function reportsOnPods(
  { kubectl }: Scene,
  api: RemoteApi,
  nodes: Readonly<Record<'own' | 'other', string>>,
): Promise<void> {
  const names = Object.keys(nodes).map((whose) => `of-${whose}-node`);
  try {
    await kubectl.apply(
      ...Object.entries(nodes).map(([whose, nodeName]) =>
        pod({ name: `of-${whose}-node`, namespace: FIGURES, loads: { app: 'cpu=1m' }, nodeName }),
      ),
    );
    const report = (whose: keyof typeof nodes) =>
      api.patch(`/api/v1/namespaces/${FIGURES}/pods/of-${whose}-node/status`, {
        status: { phase: 'Running' },
      });
    await eventually(BOUND_WITHIN_MS, () => report('own'));
    await refused(report('other'), 'spec.nodeName');
  } finally {
    await kubectl.run('delete', 'pods', ...names, '-n', FIGURES, '--ignore-not-found');
  }
}

async function refused(asked: Promise<unknown>, words: string): Promise<void> {
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof RemoteApiError, String(error));
    assert.equal(error.status, 403);
    assert.ok(error.message.includes(words), error.message);
    return true;
  });
}
