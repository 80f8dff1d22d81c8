import { SIMULATED } from '../../src/simulator/joined-cluster.ts';
import { LOAD_ANNOTATION } from '../../src/simulator/load-words.ts';

export interface PodSpec {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Words of src/simulator/load-words.ts, by container. */
  readonly loads: Readonly<Record<string, string>>;
  /** Of the loads, containers that start before the others: an `init` one ends first, a `sidecar` stays. */
  readonly before?: Readonly<Record<string, 'init' | 'sidecar'>>;
  readonly requests?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly restartPolicy?: 'Always' | 'Never' | 'OnFailure';
  /** Without a scheduler, the node. */
  readonly nodeName?: string | undefined;
}

/** Nothing is pulled, and nothing runs. */
const IMAGE = 'localhost/e2e/nothing:1';

/** What the template of a Deployment and a Pod have in common. */
function podTemplate(spec: Omit<PodSpec, 'name' | 'namespace'>): object {
  const { labels, loads, before = {}, requests = {}, restartPolicy, nodeName } = spec;
  const container = (name: string): object => ({
    name,
    image: IMAGE,
    ...(requests[name] && { resources: { requests: requests[name] } }),
    ...(before[name] === 'sidecar' && { restartPolicy: 'Always' }),
  });
  const names = Object.keys(loads);
  return {
    metadata: {
      ...(labels && { labels }),
      annotations: Object.fromEntries(
        Object.entries(loads).map(([name, words]) => [`${LOAD_ANNOTATION}${name}`, words]),
      ),
    },
    spec: {
      terminationGracePeriodSeconds: 0,
      ...(restartPolicy && { restartPolicy }),
      ...(nodeName === undefined ? { nodeSelector: { [SIMULATED]: 'true' } } : { nodeName }),
      tolerations: [{ key: SIMULATED, operator: 'Exists' }],
      ...(names.some((name) => before[name]) && {
        initContainers: names.filter((name) => before[name]).map(container),
      }),
      containers: names.filter((name) => !before[name]).map(container),
    },
  };
}

export function pod(spec: PodSpec): object {
  const { metadata, spec: inner } = podTemplate(spec) as { metadata: object; spec: object };
  const { name, namespace } = spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, namespace },
    spec: inner,
  };
}

export function deployment(
  spec: Omit<PodSpec, 'nodeName' | 'restartPolicy' | 'labels'> & { readonly replicas: number },
): object {
  const { name, namespace, replicas, ...rest } = spec;
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: podTemplate({ ...rest, labels }),
    },
  };
}

export function namespace(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}
