import assert from 'node:assert/strict';
import type { Part } from '../part.ts';
import { MANIFESTS } from '../scene.ts';

/** Everything that manifests/base installs, as `kubectl apply` names it. */
const OBJECTS = [
  'serviceaccount/metrics-server',
  'clusterrole.rbac.authorization.k8s.io/system:aggregated-metrics-reader',
  'clusterrole.rbac.authorization.k8s.io/system:metrics-server',
  'rolebinding.rbac.authorization.k8s.io/metrics-server-auth-reader',
  'clusterrolebinding.rbac.authorization.k8s.io/metrics-server:system:auth-delegator',
  'clusterrolebinding.rbac.authorization.k8s.io/system:metrics-server',
  'service/metrics-server',
  'deployment.apps/metrics-server',
  'apiservice.apiregistration.k8s.io/v1beta1.metrics.k8s.io',
];

export const manifests: Part = {
  name: 'manifests',
  needs: [],
  async run({ kubectl }, check) {
    await check('manifests/base passes a strict dry run in the real API server', async () => {
      const { code, out, err } = await kubectl.ask([
        ...['apply', '--dry-run=server', '--validate=strict', '-k', MANIFESTS],
      ]);
      assert.equal(err.replaceAll(/^Warning: resource .* is missing the .*\n?/gm, ''), '');
      assert.equal(code, 0);
      for (const object of OBJECTS)
        assert.match(out, new RegExp(`^${object} .*\\(server dry run\\)$`, 'm'));
    });
  },
};
