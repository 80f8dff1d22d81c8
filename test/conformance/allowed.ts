import { type Body, type Document, writeBody } from './document.ts';
import type { Exchange } from './exchanges.ts';
import type { Side } from './side.ts';
import {
  type Tree,
  itemsAt,
  mapMembers,
  scalar,
  sequence,
  textAt,
  treeAt,
  withMember,
} from './tree.ts';

/** What may differ between a recorded answer and another one: exchanges/README.md, "What may differ". */

/** What the answer of now was asked with. */
export interface Circumstances {
  /** Of the server: it tells its own port. */
  readonly port: number;
  /** When the question was asked, in ms since the epoch. */
  readonly askedMs: number;
}

/** Framing, rule 2. */
const FRAMING: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
]);

const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|UTC)$/;
/** Values of one's own, rules 1 and 2: they have to be there once, and to be of their kind. */
const OWN_VALUES: ReadonlyMap<string, RegExp> = new Map([
  ['date', HTTP_DATE],
  ['audit-id', /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ['etag', /^"[0-9A-F]{128}"$/],
  ['last-modified', HTTP_DATE],
  ['expires', HTTP_DATE],
  ['content-range', /^bytes (?:\d+-\d+|\*)\/\d+$/],
  ['process-start-time-unix', /^\d{10}(?:\.\d+)?$/],
]);

const OWN_HASH = /hash=[0-9A-F]{128}/g;
const RECORDED_ADDRESS = ':14443';
/** Clocks of two machines, and the time that a question takes. */
const MOMENT_WITHIN_MS = 60_000;

/** The headers that carry meaning, by name, with what may differ written as `*`. */
export function meaningOf(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const kept = [...headers].filter(([name]) => !FRAMING.has(name));
  return new Map(
    kept.map(([name, value]) => {
      const isOwn = OWN_VALUES.get(name)?.test(value) === true;
      return [name, isOwn ? '*' : value.replaceAll(OWN_HASH, 'hash=*')];
    }),
  );
}

/** The recorded body with what may differ written as `*`. */
function recordedBody(exchange: Exchange, body: Body, around: Circumstances): Body {
  if (body.format === 'text') return body;
  const own = withoutOwnValues(exchange, body, () => true);
  const tree = mapMembers(own.tree, (name, value) =>
    name === 'serverAddress' ? withPort(value, around.port) : value,
  );
  return withPaths({ ...own, tree }, (paths) => paths.filter((path) => !isDebugging(path)));
}

/** The answered body likewise, and without what it may have more than the recorded one. */
function answeredBody(
  exchange: Exchange,
  body: Body,
  recorded: Body | undefined,
  { askedMs }: Circumstances,
): Body {
  if (body.format === 'text')
    return recorded?.format === 'text' ? withoutMore(body, recorded) : body;
  const isNow = (text: string) =>
    text === '*' || Math.abs(Date.parse(text) - askedMs) <= MOMENT_WITHIN_MS;
  const own = withoutOwnValues(exchange, body, isNow);
  const known = recorded && recorded.format !== 'text' ? pathsOf(recorded) : [];
  return withPaths(own, (paths) =>
    paths.filter((path) => known.includes(path) && !isDebugging(path)),
  );
}

/** In the same quotes, if any. */
function withPort(value: Tree, port: number): Tree {
  if (textIn(value) !== RECORDED_ADDRESS || value.kind !== 'scalar') return value;
  const address = `:${port}`;
  return scalar(address, value.raw?.replace(RECORDED_ADDRESS, address));
}

function textIn(tree: Tree): string {
  return tree.kind === 'scalar' && typeof tree.value === 'string' ? tree.value : '';
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function withoutOwnValues(
  { path }: Exchange,
  document: Document,
  isNow: (moment: string) => boolean,
): Document {
  const isVersion = /^\/version\/?(?:\?|$)/.test(path);
  const isOpenApi = path.startsWith('/openapi/');
  const tree = mapMembers(document.tree, (name, value) => {
    if (name === 'containers' && value.kind === 'sequence') return byName(value.items);
    const text = textIn(value);
    if (text === '' && !isVersion) return value;
    if (name === 'creationTimestamp') return isMoment(text) && isNow(text) ? scalar('*') : value;
    if (isVersion && isVersionMember(document.tree, name)) return scalar('*');
    return isOpenApi ? withoutOwnText(name, value) : value;
  });
  return { ...document, tree: isOpenApi ? withoutVersion(tree) : tree };
}

/** Of a member of an OpenAPI document. */
function withoutOwnText(name: string, value: Tree): Tree {
  if (name === 'description') return scalar('*');
  if (name !== 'serverRelativeURL') return value;
  return scalar(textIn(value).replaceAll(OWN_HASH, 'hash=*'));
}

/** Written by an edit (`*`), or a moment in whole seconds. */
function isMoment(text: string): boolean {
  return text === '*' || MOMENT.test(text);
}

/** Errors below /version are no version. */
function isVersionMember(document: Tree, name: string): boolean {
  return treeAt(document, 'gitVersion') !== undefined && treeAt(document, name)?.kind === 'scalar';
}

function byName(items: readonly Tree[]): Tree {
  return sequence(
    items.toSorted((left, right) => (textAt(left, 'name') < textAt(right, 'name') ? -1 : 1)),
  );
}

function withoutVersion(tree: Tree): Tree {
  const info = treeAt(tree, 'info');
  if (info === undefined || textAt(info, 'version') === '') return tree;
  return withMember(tree, 'info', withMember(info, 'version', scalar('*')));
}

/** Rule 3: the document that lists what is served. */
function pathsOf(document: Document): readonly string[] {
  if (document.tree.kind !== 'mapping' || document.tree.entries.length !== 1) return [];
  return itemsAt(document.tree, 'paths').map(textIn);
}

function withPaths(
  document: Document,
  choose: (paths: readonly string[]) => readonly string[],
): Document {
  const paths = pathsOf(document);
  if (paths.length === 0) return document;
  const chosen = sequence(choose(paths).map((path) => scalar(path)));
  return { ...document, tree: withMember(document.tree, 'paths', chosen) };
}

function isDebugging(path: string): boolean {
  return /^\/(?:debug(?:\/|$)|statusz$|flagz$)/.test(path);
}

/** Rule 3: a health list may name more checks. */
function withoutMore(body: Body & { format: 'text' }, recorded: Body & { format: 'text' }): Body {
  if (!/^\[[+-]\]/.test(recorded.text)) return body;
  const known = new Set(recorded.text.split('\n'));
  const lines = body.text.split('\n');
  return {
    format: 'text',
    text: lines.filter((line) => known.has(line) || !/^\[\+\]\S+ ok$/.test(line)).join('\n'),
  };
}

/** The families of contract.md 9.2 and 9.3 that dashboards and alerts use; Go's own cannot be matched. */
const NEEDED_FAMILIES = [
  /^metrics_server_.+$/,
  // But for three that a Go server shows only once they have happened, as they had before the recording.
  /^apiserver_(?!request_(?:aborts|terminations|post_timeout)_total$)(?:request|response|delegated|client_certificate|current_inflight|audit|tls)_.+$/,
  /^(?:authentication|authenticated|authorization)_.+$/,
  // But for what only client-go has: plugins that it runs, and its garbage collection of transports.
  /^rest_client_(?!exec_plugin_|transport_cert_rotation_).+$/,
  /^workqueue_.+$/,
  /^process_(?:cpu_seconds_total|resident_memory_bytes|virtual_memory_bytes|open_fds|max_fds|start_time_seconds)$/,
];

/**
 * What is wrong with a page of metrics, of which the recording kept the TYPE lines only: a family that is
 * needed and missing, or of another type. More families, Go's among them, are nobody's business.
 */
export function metricsProblems(recorded: string, answered: string): readonly string[] {
  const ours = typesIn(answered);
  return [...typesIn(recorded)].flatMap(([family, type]) => {
    const found = ours.get(family);
    const isNeeded = NEEDED_FAMILIES.some((pattern) => pattern.test(family));
    if (found === type || (found === undefined && !isNeeded)) return [];
    return [`# TYPE ${family} ${type}`];
  });
}

function typesIn(page: string): ReadonlyMap<string, string> {
  const lines = page.matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Map([...lines].map(([, family = '', type = '']) => [family, type]));
}

/** Both bodies as texts, each with its own values written as `*`. */
export function comparableTexts(
  exchange: Exchange,
  { recorded, answered }: { recorded: Side; answered: Side },
  around: Circumstances,
): { readonly recorded: Body; readonly answered: Body; readonly isEqual: boolean } | undefined {
  if (recorded.body === undefined || answered.body === undefined) return undefined;
  const left = recordedBody(exchange, recorded.body, around);
  const right = answeredBody(exchange, answered.body, recorded.body, around);
  const isEqual = left.format === right.format && writeBody(left) === writeBody(right);
  return { recorded: left, answered: right, isEqual };
}
