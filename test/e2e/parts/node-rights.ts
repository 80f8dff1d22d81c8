import assert from 'node:assert/strict';
import { listAt, textAt, textsAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { type RemoteApi, RemoteApiError } from '../../../src/simulator/remote-api.ts';
import type { Check, Part } from '../part.ts';
import { FIGURES, type Scene, VIEWER } from '../scene.ts';

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
    await podsOfOthers(scene, api, own, check);
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

async function podsOfOthers(
  { nodes }: Scene,
  api: RemoteApi,
  own: string,
  check: Check,
): Promise<void> {
  await check('it may report on the pods that are bound to it, and on no others', async () => {
    const list = await nodes.api.get(`/api/v1/namespaces/${FIGURES}/pods`);
    const pods = listAt(list, 'items').map((item) => ({
      name: textAt(item, 'metadata', 'name'),
      isOwn: textAt(item, 'spec', 'nodeName') === own,
    }));
    assert.ok(pods.some(({ isOwn }) => isOwn) && pods.some(({ isOwn }) => !isOwn));
    for (const { name, isOwn } of pods) {
      const path = `/api/v1/namespaces/${FIGURES}/pods/${name}/status`;
      const report = api.patch(path, { status: { phase: 'Running' } });
      if (isOwn) await report;
      else await refused(report, 'spec.nodeName');
    }
  });
}

async function refused(asked: Promise<unknown>, words: string): Promise<void> {
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof RemoteApiError, String(error));
    assert.equal(error.status, 403);
    assert.ok(error.message.includes(words), error.message);
    return true;
  });
}
