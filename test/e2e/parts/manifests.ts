import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { Part } from '../part.ts';

/** Everything that manifests/base installs, as `kubectl apply` names it. */
const BASE = [
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

/** What can be given to `kubectl apply -k`, and what that installs. */
const FOLDERS = new Map([
  ['base', BASE],
  ['overlays/release-ha', [...BASE, 'poddisruptionbudget.policy/metrics-server']],
]);

export const manifests: Part = {
  name: 'manifests',
  needs: [],
  async run({ kubectl }, check) {
    for (const [folder, objects] of FOLDERS) {
      const path = fileURLToPath(new URL(`../../../manifests/${folder}`, import.meta.url));
      await check(
        `manifests/${folder} passes a strict dry run in the real API server`,
        async () => {
          const { code, out, err } = await kubectl.ask([
            ...['apply', '--dry-run=server', '--validate=strict', '-k', path],
          ]);
          assert.equal(err.replaceAll(/^Warning: resource .* is missing the .*\n?/gm, ''), '');
          assert.equal(code, 0);
          const lines = out.trimEnd().split('\n');
          const seen = lines.map((line) => /^(\S+) .*\(server dry run\)$/.exec(line)?.[1] ?? line);
          assert.deepEqual(seen.toSorted(), objects.toSorted());
        },
      );
    }
  },
};
