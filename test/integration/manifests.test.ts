import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadAllYaml } from '@kubernetes/client-node';
import { parseOptions } from '../../src/config/options.ts';
import { toConfig } from '../../src/config/to-config.ts';

const LABEL = { 'k8s-app': 'metrics-server' };
const ACCOUNT = { kind: 'ServiceAccount', name: 'metrics-server', namespace: 'kube-system' };
const RBAC = 'rbac.authorization.k8s.io';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
}

type Objects = ReadonlyMap<string, Manifest>;

let objects: Objects;

function object(key: string): Manifest {
  const found = objects.get(key);
  if (!found) throw new Error(`Cannot find ${key} among ${[...objects.keys()].join(', ')}`);
  return found;
}

/** What kubectl makes of a folder below manifests, by `Kind/name`. */
function render(folder: string): Objects {
  const path = fileURLToPath(new URL(`../../manifests/${folder}`, import.meta.url));
  const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', path], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Cannot render ${path} with kubectl kustomize: ${stderr}`);
  const list = loadAllYaml(stdout) as Manifest[];
  return new Map(list.map((one) => [`${one.kind}/${one.metadata.name}`, one]));
}

beforeAll(() => {
  objects = render('base');
});

describe('manifests/base, rendered by kubectl kustomize', () => {
  test('holds the objects of upstream under their names, in its namespace, with its label', () => {
    const seen = [...objects].map(([key, { apiVersion, metadata }]) => [
      key,
      apiVersion,
      metadata.namespace,
    ]);

    expect(new Set(seen)).toEqual(
      new Set([
        ['ServiceAccount/metrics-server', 'v1', 'kube-system'],
        ['ClusterRole/system:metrics-server', `${RBAC}/v1`, undefined],
        ['ClusterRoleBinding/system:metrics-server', `${RBAC}/v1`, undefined],
        ['ClusterRole/system:aggregated-metrics-reader', `${RBAC}/v1`, undefined],
        ['ClusterRoleBinding/metrics-server:system:auth-delegator', `${RBAC}/v1`, undefined],
        ['RoleBinding/metrics-server-auth-reader', `${RBAC}/v1`, 'kube-system'],
        ['Service/metrics-server', 'v1', 'kube-system'],
        ['Deployment/metrics-server', 'apps/v1', 'kube-system'],
        ['APIService/v1beta1.metrics.k8s.io', 'apiregistration.k8s.io/v1', undefined],
      ]),
    );
    for (const { metadata } of objects.values()) expect(metadata.labels).toMatchObject(LABEL);
  });

  test('announces the API under the Service, as upstream does', () => {
    expect(object('APIService/v1beta1.metrics.k8s.io')['spec']).toEqual({
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      service: { name: 'metrics-server', namespace: 'kube-system' },
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    });
    expect(object('Service/metrics-server')['spec']).toEqual({
      selector: LABEL,
      ports: [
        { name: 'https', port: 443, protocol: 'TCP', targetPort: 'https', appProtocol: 'https' },
      ],
    });
  });

  test('gives the server the rights of upstream and nodes/stats, and nothing more', () => {
    expect(object('ClusterRole/system:metrics-server')['rules']).toEqual([
      { apiGroups: [''], resources: ['nodes/stats'], verbs: ['get'] },
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ]);
  });

  test.each([
    ['ClusterRoleBinding/system:metrics-server', 'ClusterRole', 'system:metrics-server'],
    [
      'ClusterRoleBinding/metrics-server:system:auth-delegator',
      'ClusterRole',
      'system:auth-delegator',
    ],
    ['RoleBinding/metrics-server-auth-reader', 'Role', 'extension-apiserver-authentication-reader'],
  ])('%s binds the ServiceAccount to %s %s', (key, kind, name) => {
    const binding = object(key);

    expect(binding['roleRef']).toEqual({ apiGroup: RBAC, kind, name });
    expect(binding['subjects']).toEqual([ACCOUNT]);
  });

  test('lets viewers, editors and admins of a namespace read its metrics', () => {
    const role = object('ClusterRole/system:aggregated-metrics-reader');

    expect(role.metadata.labels).toMatchObject(
      Object.fromEntries(
        ['view', 'edit', 'admin'].map((to) => [`${RBAC}/aggregate-to-${to}`, 'true']),
      ),
    );
    expect(role['rules']).toEqual([
      {
        apiGroups: ['metrics.k8s.io'],
        resources: ['pods', 'nodes'],
        verbs: ['get', 'list', 'watch'],
      },
    ]);
  });

  describe('Deployment/metrics-server', () => {
    interface Deployment {
      readonly selector: unknown;
      readonly strategy: unknown;
      readonly template: {
        readonly metadata: { readonly labels: unknown };
        readonly spec: {
          readonly serviceAccountName: string;
          readonly priorityClassName: string;
          readonly terminationGracePeriodSeconds: number;
          readonly containers: readonly {
            readonly image: string;
            readonly args: readonly string[];
            readonly ports: unknown;
            readonly securityContext: unknown;
            readonly readinessProbe: { readonly httpGet: unknown };
            readonly livenessProbe: { readonly httpGet: unknown };
            readonly volumeMounts: unknown;
          }[];
          readonly volumes: unknown;
        };
      };
    }

    function deployment() {
      const spec = object('Deployment/metrics-server')['spec'] as Deployment;
      const [container, ...others] = spec.template.spec.containers;
      if (!container || others.length > 0) throw new Error('expected one container');
      return { spec, pod: spec.template.spec, container };
    }

    test('starts the server with flags that it accepts without a warning', () => {
      const { container, pod } = deployment();

      const config = toConfig(parseOptions(container.args));

      expect(config).toMatchObject({
        resolutionMs: 15_000,
        warnings: [],
        serving: { port: 10_250, certDir: '/tmp' },
        kubelet: {
          useNodeStatusPort: true,
          addressTypes: ['InternalIP', 'ExternalIP', 'Hostname'],
          insecureTls: false,
        },
      });
      // a request that is in flight when the delay ends still has time to finish
      expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(
        config.serving.shutdownDelayMs + 30_000,
      );
    });

    test('is what the Service selects, on the port that it and the probes name', () => {
      const { spec, container } = deployment();

      expect(spec.selector).toEqual({ matchLabels: LABEL });
      expect(spec.template.metadata.labels).toEqual(LABEL);
      expect(container.ports).toEqual([{ name: 'https', containerPort: 10_250, protocol: 'TCP' }]);
      expect(container.readinessProbe.httpGet).toEqual({
        path: '/readyz',
        port: 'https',
        scheme: 'HTTPS',
      });
      expect(container.livenessProbe.httpGet).toEqual({
        path: '/livez',
        port: 'https',
        scheme: 'HTTPS',
      });
    });

    test('keeps one pod serving in a rollout', () => {
      expect(deployment().spec.strategy).toEqual({ rollingUpdate: { maxUnavailable: 0 } });
    });

    test('runs without privileges, with one writable folder for its certificate', () => {
      const { pod, container } = deployment();

      expect(pod.serviceAccountName).toBe('metrics-server');
      expect(pod.priorityClassName).toBe('system-cluster-critical');
      expect(container.image).toBe('metrics-server:0.1.0');
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
        capabilities: { drop: ['ALL'] },
      });
      expect(pod.volumes).toEqual([{ name: 'tmp-dir', emptyDir: {} }]);
      expect(container.volumeMounts).toEqual([{ name: 'tmp-dir', mountPath: '/tmp' }]);
    });
  });
});

describe('manifests/overlays/release-ha, rendered by kubectl kustomize', () => {
  const DEPLOYMENT = 'Deployment/metrics-server';
  const BUDGET = 'PodDisruptionBudget/metrics-server';

  let highlyAvailable: Objects;

  beforeAll(() => {
    highlyAvailable = render('overlays/release-ha');
  });

  test('leaves everything of the base as it is, the Deployment aside', () => {
    const others = [...highlyAvailable].filter(([key]) => key !== DEPLOYMENT && key !== BUDGET);

    expect(others).toEqual([...objects].filter(([key]) => key !== DEPLOYMENT));
  });

  test('runs two replicas on two nodes if it can, the next replaced when the first is complete', () => {
    const base = object(DEPLOYMENT)['spec'] as { readonly template: { readonly spec: object } };

    expect(highlyAvailable.get(DEPLOYMENT)?.['spec']).toEqual({
      ...base,
      replicas: 2,
      minReadySeconds: 30,
      template: {
        ...base.template,
        spec: {
          ...base.template.spec,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: LABEL },
              matchLabelKeys: ['pod-template-hash'],
            },
          ],
        },
      },
    });
  });

  test('lets a drained node take one replica at a time, and any that does not work', () => {
    expect(highlyAvailable.get(BUDGET)).toEqual({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'metrics-server', namespace: 'kube-system', labels: LABEL },
      spec: {
        minAvailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: LABEL },
      },
    });
  });
});
