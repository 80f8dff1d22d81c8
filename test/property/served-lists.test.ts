import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ItemKey } from '../../src/apiserver/api-group.ts';
import { systemClock } from '../../src/clock.ts';
import { forAllBatches } from '../support/properties.ts';
import { exchange, toLocalPort } from '../support/raw-client.ts';
import type { RawReply } from '../support/raw-client.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../support/recorded-world.ts';
import { serveApp } from '../support/serve-app.ts';
import type { ServedApp } from '../support/serve-app.ts';
import { acceptHeaders } from './cases/accept-headers.ts';
import { continueTokens } from './cases/continue-tokens.ts';
import { chosen, passesRouter } from './references/accept.ts';
import { judgeToken } from './references/continue-token.ts';

const BATCH = 100;
const TIME_LIMIT_MS = 120_000;
const ROOT = '/apis/metrics.k8s.io/v1beta1';

interface Place {
  readonly path: string;
  readonly resource: string;
  /** '' is all. */
  readonly namespace: string;
}

const PLACES: readonly Place[] = [
  { path: `${ROOT}/nodes`, resource: 'nodes.metrics.k8s.io', namespace: '' },
  { path: `${ROOT}/pods`, resource: 'pods.metrics.k8s.io', namespace: '' },
  ...['default', 'team-a'].map((namespace) => ({
    path: `${ROOT}/namespaces/${namespace}/pods`,
    resource: 'pods.metrics.k8s.io',
    namespace,
  })),
];

/** What has figures, by its key, in the order of the lists. */
const NODES = RECORDED_NODES.filter(({ usage }) => usage).map(({ node }) => ({
  namespace: '',
  name: node.name,
}));
const PODS = RECORDED_PODS.filter(({ usage }) => usage).map(({ pod: { namespace, name } }) => ({
  namespace,
  name,
}));

const LABELLED = new Set(
  RECORDED_PODS.filter(({ pod }) => pod.labels.has('app')).map(
    ({ pod: { namespace, name } }) => `${namespace}/${name}`,
  ),
);

function keysIn({ resource, namespace }: Place): readonly ItemKey[] {
  if (resource.startsWith('nodes')) return NODES;
  return PODS.filter((pod) => namespace === '' || pod.namespace === namespace);
}

/** What is in no namespace is in the order of the names, whatever namespace a token speaks of. */
function isBehind(key: ItemKey, start: ItemKey): boolean {
  const isFurther = key.namespace !== '' && key.namespace > start.namespace;
  const isBeside = key.namespace === '' || key.namespace === start.namespace;
  return isFurther || (isBeside && key.name > start.name);
}

interface ListBody {
  readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

describe('lists', () => {
  let app: ServedApp;
  beforeAll(async () => {
    app = await serveApp({ groups: [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, systemClock)] });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  function ask(targets: readonly string[], accept = ''): Promise<RawReply[]> {
    const header = accept === '' ? '' : `Accept: ${accept}\r\n`;
    const requests = targets.map((target) => ({
      text: `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${header}\r\n`,
    }));
    return exchange(requests, toLocalPort(app.port));
  }

  test(
    'go on from a token, or refuse it',
    async () => {
      const cases = fc.record({
        place: fc.constantFrom(...PLACES),
        token: continueTokens,
        limit: fc.constantFrom(undefined, 0, 1, 2, 5, 500),
      });
      await forAllBatches(cases, BATCH, async (batch) => {
        const replies = await ask(
          batch.map(({ place, token, limit }) => {
            const most = limit === undefined ? '' : `&limit=${limit}`;
            return `${place.path}?continue=${encodeURIComponent(token)}${most}`;
          }),
        );

        expect(replies.map(outcomeOf)).toEqual(
          batch.map(({ place, token, limit }) => {
            const start = judgeToken(token, place.resource, place.namespace);
            if (typeof start === 'number') return start;
            const following = keysIn(place).filter((key) => isBehind(key, start));
            const names = following.map(({ name }) => name);
            return names.slice(0, limit === undefined || limit === 0 ? undefined : limit);
          }),
        );
      });
    },
    TIME_LIMIT_MS,
  );

  test(
    'in pages of any sizes hold everything once, in order',
    async () => {
      const walks = fc.record({
        place: fc.constantFrom(...PLACES),
        sizes: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 }),
        isSelective: fc.boolean(),
      });
      // Each walk asks for several pages, one after the other.
      await forAllBatches(walks, 25, async (batch) => {
        const walked = await Promise.all(batch.map(walk));

        expect(walked).toEqual(batch.map(expectedOfWalk));
      });
    },
    TIME_LIMIT_MS,
  );

  /** The names on each page, and how many it says are left. */
  async function walk({ place, sizes, isSelective }: Walk): Promise<Page[]> {
    const pages: Page[] = [];
    let token = '';
    do {
      const limit = sizes[pages.length % sizes.length] ?? 1;
      const selector = isSelective ? 'labelSelector=app' : '';
      const [reply] = await ask([`${place.path}?limit=${limit}&continue=${token}&${selector}`]);
      const { metadata, items } = JSON.parse(String(reply?.body)) as ListBody;
      const names = items.map((item) => item.metadata.name);
      pages.push({ names, remaining: metadata.remainingItemCount });
      token = metadata.continue ?? '';
    } while (token !== '');
    return pages;
  }

  test(
    'and items come in the encoding that the table chooses, or not at all',
    async () => {
      const paths = fc.constantFrom(
        `${ROOT}/nodes`,
        `${ROOT}/nodes/alpha`,
        ROOT,
        '/apis/metrics.k8s.io',
      );
      const cases = fc.tuple(paths, acceptHeaders);
      await forAllBatches(cases, BATCH, async (batch) => {
        const requests = batch.map(([path, accept]) => ({
          text: `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`,
        }));

        const replies = await exchange(requests, toLocalPort(app.port));

        expect(
          replies.map(({ status, headers }) => [status, headers.get('content-type')?.[0]]),
        ).toEqual(batch.map(([path, accept]) => expectedOfAccept(path, accept)));
      });
    },
    TIME_LIMIT_MS,
  );
});

interface Walk {
  readonly place: Place;
  readonly sizes: readonly number[];
  /** Only what has the label `app`. */
  readonly isSelective: boolean;
}

interface Page {
  readonly names: readonly string[];
  readonly remaining: number | undefined;
}

function expectedOfWalk({ place, sizes, isSelective }: Walk): Page[] {
  const names = keysIn(place)
    .filter((key) => !isSelective || LABELLED.has(`${key.namespace}/${key.name}`))
    .map(({ name }) => name);
  const pages: Page[] = [];
  let at = 0;
  do {
    const next = at + (sizes[pages.length % sizes.length] ?? 1);
    const left = names.length - next;
    // What selectors leave nobody counts.
    const remaining = isSelective || left <= 0 ? undefined : left;
    pages.push({ names: names.slice(at, next), remaining });
    at = next;
  } while (at < names.length);
  return pages;
}

function outcomeOf({ status, body }: RawReply): number | string[] {
  if (status !== 200) return status;
  const { items } = JSON.parse(body.toString()) as ListBody;
  return items.map(({ metadata }) => metadata.name);
}

const TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** Node takes the blanks around a value off, and an empty one names nothing. */
function expectedOfAccept(path: string, accept: string): [status: number, type: string] {
  const header = accept.replace(/^[ \t]+|[ \t]+$/g, '');
  const errorType = chosen(header, false)?.type ?? 'application/json';
  if (!passesRouter(header, TYPES)) return [406, errorType];
  const isResource = path.includes('/nodes');
  const verdict = chosen(header, isResource);
  if (!verdict) return [406, errorType];
  const wanted = verdict.as?.replace(/\/.*/, '') ?? 'Table';
  // A list is no object, and an object no list.
  const fits = wanted === 'Table' || wanted.endsWith('List') === !path.endsWith('alpha');
  return fits ? [200, verdict.type] : [406, errorType];
}
