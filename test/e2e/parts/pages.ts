import assert from 'node:assert/strict';
import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { RemoteApiError } from '../../../src/simulator/remote-api.ts';
import { ClusterKubectl } from '../ask-cluster.ts';
import { eventually } from '../eventually.ts';
import type { Check, Part } from '../part.ts';
import type { Scene } from '../scene.ts';
import { tableOf } from '../top-table.ts';
import { namespace, pod } from '../workloads.ts';

const MANY = 'e2e-pages';
const PODS = 1_010;
const PAGE = 500;
const NAMES = Array.from({ length: PODS }, (_, at) => `pod-${String(at).padStart(4, '0')}`);
/** Every third pod has the label of a selector. */
const THIRDS = NAMES.filter((_, at) => at % 3 === 0);

const AT_ONCE = 16;
const WRITTEN_WITHIN_MS = 60_000;
/** A young container has figures 10 s after its start, at the next question to its kubelet. */
const SERVED_WITHIN_MS = 60_000;

export const pages: Part = {
  name: 'pages of 500',
  needs: [],
  async run(scene, check) {
    const { kubectl, spec } = scene;
    await using house = new AsyncDisposableStack();
    // so that no pod joins the list between two questions
    await scene.whenExact();
    house.defer(() => removeMany(scene));
    await check(`${PODS} pods get figures within a minute`, () => createMany(scene));
    await pagesByKubectl(kubectl, 'kubectl', check);
    if (spec.planeKubectl) {
      const newest = house.use(await ClusterKubectl.create(spec.kubeconfig, spec.planeKubectl));
      await pagesByKubectl(newest, 'the newest kubectl', check);
    }
    await pagesByHand(scene, check);
  },
};

/** Bound to their nodes at once: the scheduler would count what nodes can hold. */
async function createMany(scene: Scene): Promise<void> {
  const { api, world } = scene.nodes;
  const nodes = world.nodes().map(({ name }) => name);
  await scene.kubectl.apply(namespace(MANY));
  await scene.whenAccountsExist(MANY);
  const objects = NAMES.map((name, at) =>
    pod({
      name,
      namespace: MANY,
      labels: at % 3 === 0 ? { third: 'yes' } : {},
      loads: { app: 'cpu=1m memory=8Mi' },
      nodeName: nodes[at % nodes.length],
    }),
  );
  await severalAtOnce(objects, (object) => api.post(`/api/v1/namespaces/${MANY}/pods`, object));
  const attempt = async (): Promise<void> => {
    const list = await scene.raw(`/namespaces/${MANY}/pods`);
    assert.deepEqual(namesOf(list), NAMES);
  };
  await eventually(SERVED_WITHIN_MS, attempt, scene.spec.signal);
}

/** One by one: the API server deletes a collection in no hurry, and answers when it is done. */
async function removeMany({ nodes: { api }, kubectl }: Scene): Promise<void> {
  await severalAtOnce(NAMES, async (name) => {
    try {
      await api.delete(`/api/v1/namespaces/${MANY}/pods/${name}`, { gracePeriodSeconds: 0 });
    } catch (error) {
      // It was never made, or it is gone.
      if (!(error instanceof RemoteApiError && error.status === 404)) throw error;
    }
  });
  await kubectl.run('delete', 'namespace', MANY, '--wait=false');
}

/** Rejects with the first complaint, or when it takes too long. */
async function severalAtOnce<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const signal = AbortSignal.timeout(WRITTEN_WITHIN_MS);
  // All take from the one iterator.
  const left = items.values();
  const workSome = async (): Promise<void> => {
    for (const item of left) {
      signal.throwIfAborted();
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, workSome));
}

function namesOf(list: unknown): string[] {
  return listAt(list, 'items').map((item) => textAt(item, 'metadata', 'name'));
}

/** Namespace and name of each line. */
async function podsIn(kubectl: ClusterKubectl, words: readonly string[]): Promise<string[]> {
  const rows = await tableOf(kubectl, ['get', 'podmetrics', '--no-headers', ...words]);
  return rows.map(([space = '', name = '']) => `${space}/${name}`);
}

/** How often it asked for pods, by what it says itself. */
async function questionsOf(kubectl: ClusterKubectl, words: readonly string[]): Promise<number> {
  const { code, err } = await kubectl.ask(['get', 'podmetrics', '-v=8', ...words]);
  assert.equal(code, 0);
  return [...err.matchAll(/(?:GET |verb="GET" url=")https:\S*\/v1beta1\/\S*pods\?\S*limit=500/g)]
    .length;
}

async function pagesByKubectl(kubectl: ClusterKubectl, who: string, check: Check): Promise<void> {
  const paged = `--chunk-size=${PAGE}`;
  await check(
    `${who} get podmetrics -A ${paged} shows every pod once, in three pages`,
    async () => {
      const whole = await podsIn(kubectl, ['-A', '--chunk-size=0']);
      assert.deepEqual(
        whole.filter((each) => each.startsWith(`${MANY}/`)),
        NAMES.map((name) => `${MANY}/${name}`),
      );
      assert.deepEqual(await podsIn(kubectl, ['-A', paged]), whole);
      assert.equal(await questionsOf(kubectl, ['-A', paged]), Math.ceil(whole.length / PAGE));
    },
  );
  await check(`${who} get podmetrics -l ${paged} shows every pod once`, async () => {
    // 337 fit in one page, 1,010 do not.
    for (const [selector, names] of [
      ['third=yes', THIRDS],
      ['third!=no', NAMES],
    ] as const) {
      const words = ['-n', MANY, '-l', selector, paged];
      const rows = await tableOf(kubectl, ['get', 'podmetrics', '--no-headers', ...words]);
      assert.deepEqual(
        rows.map(([name]) => name),
        names,
      );
      assert.equal(await questionsOf(kubectl, words), Math.ceil(names.length / PAGE));
    }
  });
}

/** As k9s does: what is asked next is up to the client. */
async function pagesByHand(scene: Scene, check: Check): Promise<void> {
  await check('get --raw "...?limit=500" gives every pod once, and says what remains', async () => {
    const whole = namesOf(await scene.raw('/pods'));
    const names: string[] = [];
    let token = '';
    do {
      const query = new URLSearchParams({ limit: String(PAGE), ...(token && { continue: token }) });
      const page = await scene.raw(`/pods?${query.toString()}`);
      const expected = whole.slice(names.length, names.length + PAGE);
      assert.equal(listAt(page, 'items').length, expected.length);
      assert.deepEqual(namesOf(page), expected);
      names.push(...expected);
      token = textAt(page, 'metadata', 'continue');
      const remaining = valueAt(page, 'metadata', 'remainingItemCount') ?? 0;
      assert.equal(remaining, whole.length - names.length);
    } while (token !== '');
    assert.deepEqual(names, whole);
  });
}
