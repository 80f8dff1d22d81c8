import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listAt, textAt, textsAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { ask } from '../../conformance/ask.ts';
import { eventually } from '../eventually.ts';
import type { MetricsServer } from '../metrics-server.ts';
import type { Part } from '../part.ts';
import { FIGURES, MANIFESTS, NOBODY, type Scene, VIEWER } from '../scene.ts';

const WITHIN_MS = 45_000;
/** As long as a server with all rules needs for everything. */
const LACKS_MS = 20_000;
const SPACE = 'kube-system';
const API = '/apis/metrics.k8s.io/v1beta1';

/** What a rule of manifests/base/rbac.yaml is for: without it exactly this does not work. */
interface Rule {
  readonly name: string;
  /** Whether this object, or this rule in an object, is left out. */
  readonly without: (object: unknown, rule: unknown) => boolean;
  /** Of the server. */
  readonly flags?: readonly string[];
  /** What a server lacks that has all the others. */
  readonly works: Partial<Abilities>;
  /** What its log has to name. */
  readonly remedy?: RegExp;
}

/** What a metrics server can do; with all rules all of it. */
interface Abilities {
  /** Nodes and pods with figures, asked for by an administrator of the cluster. */
  readonly nodes: boolean;
  readonly pods: boolean;
  /** To know whose a bearer token is, and what somebody may. */
  readonly users: boolean;
  /** To believe the aggregator. */
  readonly frontProxy: boolean;
}

const ALL: Abilities = { nodes: true, pods: true, users: true, frontProxy: true };

const named =
  (name: string) =>
  (object: unknown): boolean =>
    textAt(object, 'metadata', 'name') === name;
const forResource =
  (...resources: readonly string[]) =>
  (object: unknown, rule: unknown): boolean =>
    textAt(object, 'metadata', 'name') === 'system:metrics-server' &&
    resources.some((resource) => textsAt(rule, 'resources').includes(resource));

const RULES: readonly Rule[] = [
  { name: 'all rules', without: () => false, works: {} },
  {
    name: 'nodes/stats',
    without: forResource('nodes/stats'),
    // the second source takes over
    works: {},
    remedy: /nodes\/stats/,
  },
  { name: 'nodes/metrics', without: forResource('nodes/metrics'), works: {} },
  {
    name: 'nodes/metrics, but with the second source,',
    without: forResource('nodes/metrics'),
    flags: ['--kubelet-metrics-source=resource'],
    works: { nodes: false, pods: false },
    remedy: /nodes\/metrics/,
  },
  {
    name: 'nodes/stats and nodes/metrics',
    without: forResource('nodes/stats', 'nodes/metrics'),
    works: { nodes: false, pods: false },
    remedy: /nodes\/stats/,
  },
  {
    name: 'pods, nodes',
    without: forResource('pods'),
    works: { nodes: false, pods: false },
    remedy: /forbidden/,
  },
  {
    name: 'system:auth-delegator',
    without: named('metrics-server:system:auth-delegator'),
    works: { users: false },
    remedy: /forbidden/,
  },
  {
    name: 'extension-apiserver-authentication-reader',
    without: named('metrics-server-auth-reader'),
    // Who comes with a certificate is not known either: the client CA is in the same ConfigMap.
    works: { frontProxy: false, nodes: false, pods: false },
    remedy: /extension-apiserver-authentication/,
  },
];

export const roles: Part = {
  name: 'rules of manifests/base',
  needs: ['own plane', 'controllers'],
  async run(scene, check) {
    const text = await scene.kubectl.run(
      ...['create', '--dry-run=client', '-o', 'json', '-f', join(MANIFESTS, 'rbac.yaml')],
    );
    // One document after the other.
    const objects = text
      .split(/^(?=\{)/m)
      .filter((each) => each.trim() !== '')
      .map((each) => JSON.parse(each) as unknown);
    await Promise.all(
      RULES.map((rule, at) => tryWithout(rule, `e2e-without-${at}`, { scene, check, objects })),
    );
    await check('without system:aggregated-metrics-reader a viewer sees no metrics', () =>
      withoutReader(scene),
    );
  },
};

interface Given {
  readonly scene: Scene;
  readonly check: Parameters<Part['run']>[1];
  readonly objects: readonly unknown[];
}

async function tryWithout(
  { name, without, flags = [], works, remedy }: Rule,
  account: string,
  { scene, check, objects }: Given,
): Promise<void> {
  const abilities = { ...ALL, ...works };
  const lacking = Object.entries(abilities).flatMap(([what, can]) => (can ? [] : [what]));
  const title =
    name === 'all rules'
      ? 'with all rules everything works'
      : `without ${name} ${lacking.length === 0 ? 'all figures are there' : `there is no ${lacking.join(', no ')}`}, the rest works`;
  const made = objects.flatMap((object) => renamed(object, account, without) ?? []);
  await scene.kubectl.apply(...made);
  const token = await scene.token(SPACE, account);
  await check(title, async () => {
    await using server = await scene.startServer(account, flags, token);
    // Each ability is waited for; each lack has to be one at the end, when the others are there.
    for (const [what, can] of Object.entries(abilities)) {
      if (can)
        await eventually(WITHIN_MS, async () => {
          assert.ok(await has(what, server, scene), `no ${what}`);
        });
    }
    const untilMs = performance.now() + (lacking.length === 0 ? 0 : LACKS_MS);
    while (performance.now() < untilMs) {
      for (const what of lacking) {
        assert.ok(!(await has(what, server, scene)), `${what} although nothing allows it`);
      }
      await sleep(1_000);
    }
    // Some are noticed only when somebody asks, as was done just now.
    if (remedy)
      await eventually(WITHIN_MS, async () => {
        assert.match(await server.log(), remedy);
      });
    await server.throwIfEnded();
  });
}

/** The same object for an other account, and without what is to be left out; undefined when it is that. */
function renamed(object: unknown, account: string, without: Rule['without']): object | undefined {
  const kind = textAt(object, 'kind');
  const name = textAt(object, 'metadata', 'name');
  if (name === 'system:aggregated-metrics-reader' || without(object, undefined)) return undefined;
  const namespaced = textAt(object, 'metadata', 'namespace') !== '';
  const rules = listAt(object, 'rules').filter((rule) => !without(object, rule));
  const ofOurs = textAt(object, 'roleRef', 'name') === 'system:metrics-server';
  return {
    apiVersion: textAt(object, 'apiVersion'),
    kind,
    metadata: {
      name: kind === 'ServiceAccount' ? account : `${name}:${account}`,
      ...(namespaced && { namespace: SPACE }),
    },
    ...(kind === 'ClusterRole' && { rules }),
    ...(kind.endsWith('Binding') && {
      roleRef: {
        ...(valueAt(object, 'roleRef') as object),
        ...(ofOurs && { name: `system:metrics-server:${account}` }),
      },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: SPACE }],
    }),
  };
}

async function has(what: string, { port }: MetricsServer, scene: Scene): Promise<boolean> {
  const { plane } = scene.spec;
  if (!plane) throw new Error('Only a plane of our own gives out certificates');
  const address = { host: '127.0.0.1', port };
  const get = async (
    path: string,
    headers: readonly (readonly [string, string])[],
    certificate?: typeof plane.admin,
  ) => {
    const question = { method: 'GET', path, body: undefined, certificate };
    const all = [['Host', 'localhost'], ['Connection', 'close'], ...headers] as const;
    return ask(address, { ...question, headers: all });
  };
  switch (what) {
    case 'nodes':
    case 'pods': {
      const { status, body } = await get(`${API}/${what}`, [], plane.admin);
      return status === 200 && listAt(JSON.parse(body.toString()), 'items').length >= 3;
    }
    case 'users': {
      const statuses = [];
      for (const account of [VIEWER, NOBODY]) {
        const bearer = `Bearer ${await scene.token(FIGURES, account)}`;
        const path = `${API}/namespaces/${FIGURES}/pods`;
        statuses.push((await get(path, [['Authorization', bearer]])).status);
      }
      return statuses.join() === '200,403';
    }
    default: {
      const headers = [
        ['X-Remote-User', 'e2e'],
        ['X-Remote-Group', 'system:masters'],
      ] as const;
      return (await get(`${API}/nodes`, headers, plane.frontProxyClient)).status === 200;
    }
  }
}

async function withoutReader(scene: Scene): Promise<void> {
  const { kubectl } = scene;
  await using viewer = await scene.kubectlAs(VIEWER);
  const words = ['top', 'pods', '-n', FIGURES];
  await viewer.run(...words);
  await kubectl.run('delete', 'clusterrole', 'system:aggregated-metrics-reader');
  try {
    await eventually(WITHIN_MS, async () => {
      const { code, err } = await viewer.ask(words);
      assert.equal(code, 1);
      assert.match(err, /^Error from server \(Forbidden\): pods\.metrics\.k8s\.io is forbidden/);
    });
  } finally {
    await kubectl.run('apply', '-f', join(MANIFESTS, 'rbac.yaml'));
  }
  await eventually(WITHIN_MS, () => viewer.run(...words));
}
