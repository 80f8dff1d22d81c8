import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Place,
  type PodFigures,
  failure,
  itemsOf,
  listIn,
  nameOf,
  ofPod,
  partialMetadata,
  podMetrics,
  podNotFound,
  withItems,
  withPod,
  withoutItem,
} from './edits.ts';
import { type Exchange, OWN_EXCHANGES, readExchanges } from './exchanges.ts';
import { errorForm, objectForm, told } from './forms.ts';
import { hasSelectors, isSelected } from './selectors.ts';
import { type ResourcePath, type Side, recordedSide, resourcePathOf } from './side.ts';
import { type Tree, type Value, textAt, treeOf, withMember } from './tree.ts';

/**
 * A difference that is meant, as a rule over exchanges: known ones, and ones nobody has seen yet. The only
 * place where such differences are written down; docs/compatibility.md is made from here.
 */
export interface Deviation {
  /** Short, for reports. */
  readonly name: string;
  /** What the real server does, what ours does, and why: the three columns of docs/compatibility.md. */
  readonly upstream: string;
  readonly here: string;
  readonly why: string;
  /** No exchange of the project's own recording shows it. */
  readonly isUnrecorded?: true;
  /** The answer as it is meant to be here; undefined of an exchange that the rule has nothing to do with. */
  readonly edit: (exchange: Exchange, side: Side) => Side | undefined;
}

/** Expected answers are taken from it as far as possible. */
const OWN = readExchanges(OWN_EXCHANGES);
const SECOND_SAMPLE = '2026-11-20T10:00:15Z';

/** Derived by hand from `world/kubelet/gamma.*`: no CPU second in 15 s, 1048576 bytes. */
const IDLE: PodFigures = {
  namespace: 'team-a',
  name: 'idle',
  labels: { app: 'idle' },
  timestamp: SECOND_SAMPLE,
  window: '15s',
  cells: { cpu: '0', memory: '1Mi' },
  containers: [{ name: 'main', usage: { cpu: '0', memory: '1Mi' } }],
};

/** From `world/kubelet/beta.*`: 1.5 CPU seconds in 15 s, 10485760 bytes; the other container has ended. */
const FINISHED_INIT: PodFigures = {
  namespace: 'team-a',
  name: 'finished-init',
  labels: { app: 'init' },
  timestamp: SECOND_SAMPLE,
  window: '15s',
  cells: { cpu: '100m', memory: '10Mi' },
  containers: [{ name: 'main', usage: { cpu: '100m', memory: '10Mi' } }],
};

/** In the order in which they are applied: pages are cut from lists that hold the right pods. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    name: 'reset',
    upstream: 'a pod whose counter fell is served without containers and with `"timestamp": null`',
    here: 'hidden (404, not in lists) until its next sample, or its last complete figures where it had any',
    why: 'clients treat a pod without containers as missing; some fail on the null',
    edit: withoutPod({ namespace: 'team-a', name: 'reset' }),
  },
  {
    name: 'idle',
    upstream: 'a container whose CPU counter is 0 hides its pod, whatever its memory',
    here: 'served as `0`',
    why: 'it runs, and that it used no CPU is a fact',
    edit: withServedPod(IDLE),
  },
  {
    name: 'finished-init',
    upstream: 'a finished container (CPU counter 0, memory 0) hides its pod',
    here: 'left out; the rest of the pod is served',
    why: 'it does not run, so the sum over the others is the whole',
    edit: withServedPod(FINISHED_INIT),
  },
  {
    name: 'limit',
    upstream: '`limit` is ignored: every list is whole',
    here: 'pages, with `continue` (the last key and a version, as JSON in base64url) and, without selectors, `remainingItemCount`',
    why: 'a client that sends a limit is made for pages, and k9s asks for them',
    edit: cutIntoPages,
  },
  {
    name: 'continue',
    upstream: '`continue` is ignored, whatever it says',
    here: 'a token that this server did not make is refused with 400',
    why: 'the first page instead of the next one would be listed twice',
    edit: refuseToken,
  },
  {
    name: 'openapi-protobuf',
    upstream: 'offers OpenAPI as protobuf, too',
    here: 'JSON only; 406 to those who accept nothing else',
    why: 'clients of it (kube-aggregator, kubectl) ask for JSON, too',
    edit: withoutOpenApiProtobuf,
  },
  {
    name: 'metrics-protobuf',
    upstream: 'offers `/metrics` as protobuf, too',
    here: 'text, whatever is accepted',
    why: 'Prometheus reads what the content type says',
    isUnrecorded: true,
    edit: withoutMetricsProtobuf,
  },
  {
    name: 'debugging-pages',
    upstream: '`/debug/pprof`, `/debug/flags` and `/statusz` are served',
    here: '404, as every path that does not exist',
    why: "they show Go's own insides, and are not part of the API",
    edit: withoutDebuggingPages,
  },
];

/** A read of this pod, or a list that could hold it. */
function podReadOf({ method, path }: Exchange, pod: Place) {
  const asked = method === 'GET' ? resourcePathOf(path) : undefined;
  if (asked?.resource !== 'pods') return { asked: undefined, isThisPod: false };
  return { asked, isThisPod: asked.namespace === pod.namespace && asked.name === pod.name };
}

function withoutPod(pod: Place): Deviation['edit'] {
  const { namespace, name } = pod;
  return (exchange, side) => {
    const { asked, isThisPod } = podReadOf(exchange, pod);
    if (asked === undefined) return undefined;
    if (isThisPod) {
      const refused = podNotFound(namespace, name);
      return isFoundThere(side) ? told(side, 404, refused, errorForm(exchange)) : undefined;
    }
    if (side.status !== 200) return undefined;
    const list = asked.name === '' ? listIn(side) : undefined;
    if (!list) return undefined;
    const body = withoutItem(list, namespace, name);
    return itemsOf(body).length < itemsOf(list).length ? { ...side, body } : undefined;
  };
}

/** Served, or refused only because it cannot be had in the form of a list. */
function isFoundThere({ status, body }: Side): boolean {
  if (status !== 406 || body === undefined || body.format === 'text') return status === 200;
  return textAt(body.tree, 'message').includes('not a list');
}

function withServedPod(pod: PodFigures): Deviation['edit'] {
  const selectable = { ...pod, labels: new Map(Object.entries(pod.labels)) };
  return (exchange, side) => {
    const { asked, isThisPod } = podReadOf(exchange, pod);
    if (asked === undefined) return undefined;
    const includeObject = asked.query.get('includeObject') ?? '';
    if (isThisPod) return side.status === 404 ? servedLike(exchange, side, pod) : undefined;
    const list = asked.name === '' && isSelected(asked, selectable) ? listIn(side) : undefined;
    return list && { ...side, body: withPod(list, pod, { includeObject, placeOf }) };
  };
}

/** As the object is told to whoever asks for it in this way. */
function servedLike(exchange: Exchange, side: Side, pod: PodFigures): Side {
  const form = objectForm(exchange);
  if (form === undefined) return side;
  const { target } = form;
  switch (target?.kind) {
    case undefined:
      return told(side, 200, podMetrics(pod), form);
    case 'Table': {
      const shell = told(side, 200, tableOfOne(target.version), form);
      const includeObject = resourcePathOf(exchange.path)?.query.get('includeObject') ?? '';
      const table = listIn(shell);
      return table ? { ...shell, body: ofPod(table, pod, includeObject) } : shell;
    }
    case 'PartialObjectMetadata':
      return told(side, 200, partialMetadata(pod, `meta.k8s.io/${target.version}`), form);
    case 'PartialObjectMetadataList': {
      const message = `you requested ${target.kind}, but the requested object is not a list (*metrics.PodMetrics)`;
      return told(side, 406, failure(406, 'NotAcceptable', message), errorForm(exchange));
    }
  }
}

const TABLE_OF_ONE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const RECORDED_POD = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/db-0';

/** The recorded Table of one pod in another version; its rows are still those of the recording. */
function tableOfOne(version: string): Value {
  const like = example(
    ({ path, headers }) => path === RECORDED_POD && headers['accept'] === TABLE_OF_ONE,
  );
  const text = String(like?.response.body);
  return { ...(JSON.parse(text) as Record<string, Value>), apiVersion: `meta.k8s.io/${version}` };
}

/** By the objects of the recorded world where the item does not say its namespace. */
function placeOf(item: Tree): Place {
  const place = nameOf(item);
  return place.namespace === ''
    ? { namespace: NAMESPACES.get(place.name) ?? '', name: place.name }
    : place;
}

const NAMESPACES: ReadonlyMap<string, string> = new Map(
  recordedPods().map(({ metadata }) => [metadata.name, metadata.namespace]),
);

function recordedPods(): readonly { readonly metadata: Place }[] {
  const text = readFileSync(join(OWN_EXCHANGES, 'world', 'pods.json'), 'utf8');
  return (JSON.parse(text) as { items: { metadata: Place }[] }).items;
}

/** The first exchange of the project's own recording that an administrator had and that fits. */
function example(fits: (exchange: Exchange) => boolean): Exchange | undefined {
  return OWN.find((exchange) => exchange.as === 'admin' && fits(exchange));
}

/** The list that is asked for with a limit or a token, when it was answered. */
function pagedList({ method, path }: Exchange, side: Side) {
  const asked = method === 'GET' ? resourcePathOf(path) : undefined;
  if (asked?.name !== '' || side.status !== 200) return undefined;
  return { asked, limit: Number(asked.query.get('limit') ?? '0') };
}

function cutIntoPages(exchange: Exchange, side: Side): Side | undefined {
  const { asked, limit = 0 } = pagedList(exchange, side) ?? {};
  const list = listIn(side);
  if (asked === undefined || list === undefined || !(limit > 0)) return undefined;
  const items = itemsOf(list);
  const last = items[limit - 1];
  if (last === undefined || items.length === limit) return undefined;
  const remaining = hasSelectors(asked) ? undefined : items.length - limit;
  const meta: Value = {
    continue: tokenAfter(asked, keyOf(asked, last), remaining),
    ...(remaining !== undefined && { remainingItemCount: remaining }),
  };
  const page = withItems(list, items.slice(0, limit));
  return { ...side, body: { ...page, tree: withMember(page.tree, 'metadata', treeOf(meta)) } };
}

/** Where an item stands in this list; a row of a Table need not say its namespace. */
function keyOf({ resource, namespace }: ResourcePath, item: Tree): Place {
  if (resource !== 'pods') return nameOf(item);
  return namespace === '' ? placeOf(item) : { ...nameOf(item), namespace };
}

/** What docs/compatibility.md says of tokens: the last key and a version, as JSON in base64url. */
function tokenAfter(
  { resource, namespace }: ResourcePath,
  last: { namespace: string; name: string },
  remaining: number | undefined,
): string {
  const token = {
    v: 1,
    of: `${resource}.metrics.k8s.io`,
    in: namespace,
    after: [last.namespace, last.name],
    left: remaining,
  };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** None that was made up for the real server is one of ours; of those with a version it is another one. */
function refuseToken(exchange: Exchange, side: Side): Side | undefined {
  const token = pagedList(exchange, side)?.asked.query.get('continue') ?? '';
  if (token === '') return undefined;
  const problem = problemOf(token);
  const refusal =
    problem === undefined
      ? failure(410, 'Expired', TOO_OLD)
      : failure(400, 'BadRequest', `invalid continue token: continue key is not valid: ${problem}`);
  return told(side, problem === undefined ? 410 : 400, refusal, errorForm(exchange));
}

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';

function problemOf(token: string): string | undefined {
  const illegal = /[^\w-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : -1);
  if (illegal >= 0) return `illegal base64 data at input byte ${illegal}`;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch (error) {
    if (error instanceof SyntaxError) return 'it is not JSON';
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'it is not a JSON object';
  }
  return 'v' in value ? undefined : 'it has no version';
}

function withoutOpenApiProtobuf(exchange: Exchange, side: Side): Side | undefined {
  const { path, headers } = exchange;
  const type = side.headers.get('content-type') ?? '';
  if (!path.startsWith('/openapi/') || !type.endsWith('+protobuf')) return undefined;
  // As to those who accept JSON only, where JSON is accepted at all.
  if (
    /(?:^|[,\s])(?:application\/json|application\/\*|\*\/\*)\s*(?:$|[,;])/.test(
      headers['accept'] ?? '',
    )
  ) {
    const [route] = path.split('?');
    const like = example(
      (other) => other.path === route && other.headers['accept'] === 'application/json',
    );
    if (like) {
      const { body } = recordedSide(like);
      return {
        ...side,
        headers: new Map(side.headers).set('content-type', 'application/json'),
        body,
      };
    }
  }
  // As to those who accept only what nobody offers.
  const kept = ['audit-id', 'cache-control', 'date', 'vary'];
  const others = new Map([...side.headers].filter(([name]) => kept.includes(name)));
  return { status: 406, headers: others, body: { format: 'text', text: '' } };
}

/** The families are those of the text, which other exchanges compare. */
function withoutMetricsProtobuf({ path }: Exchange, side: Side): Side | undefined {
  const type = side.headers.get('content-type') ?? '';
  if (!/^\/metrics(?:$|\?)/.test(path) || !type.includes('protobuf')) return undefined;
  const page = example((other) => other.path === '/metrics' && other.response.status === 200);
  const text = page?.response.headers.get('content-type') ?? '';
  return { ...side, headers: new Map(side.headers).set('content-type', text), body: undefined };
}

function withoutDebuggingPages({ method, path }: Exchange, side: Side): Side | undefined {
  const [route = ''] = path.split('?');
  const isRefused = [401, 403].includes(side.status) || isRefusedAsOthers(side);
  if (!/^\/(?:debug\/|statusz$|flagz$)/.test(route) || isRefused) return undefined;
  const { status, headers, body } = unknownPath();
  const isHead = method === 'HEAD';
  return { status, headers: new Map(headers), body: isHead ? { format: 'text', text: '' } : body };
}

/** These pages refuse and miss in words of their own, as text. */
function isRefusedAsOthers({ status, headers }: Side): boolean {
  return [400, 404].includes(status) && headers.get('content-type')?.startsWith('text/') !== true;
}

/** The recorded answer to a path that does not exist. */
function unknownPath(): Side {
  const found = example(({ path, response }) => path === '/nope' && response.status === 404);
  if (!found) throw new Error('There is no recorded answer to a path that does not exist');
  return recordedSide(found);
}

/** What an exchange is meant to be answered here, and the names of the deviations that made it so. */
export function meantSide(
  exchange: Exchange,
  recorded: Side,
  deviations: readonly Deviation[],
): { readonly side: Side; readonly applied: readonly Deviation[] } {
  let side = recorded;
  const applied: Deviation[] = [];
  for (const deviation of deviations) {
    const edited = deviation.edit(exchange, side);
    if (!edited) continue;
    side = edited;
    applied.push(deviation);
  }
  return { side, applied };
}
