import { isInt64, readLabelSelector } from './label-selector.ts';
import { readFieldTerms } from './field-selector.ts';
import { bytesOf, readQuery, textOf, unescapeBytes } from './url.ts';

/** What contract.md 7.1 makes of a request line. */
export interface Meaning {
  readonly isResource: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly fieldSelector: string;
  readonly labelSelector: string;
  readonly parts: readonly string[];
}

/** `url`: the target is none (400); `info`: it stops after `watch` or `proxy` (500). */
export type Refusal = 'url' | 'info';

/** contract.md 7.1 once more, step by step, over a list of segments that gets shorter. */
export function meaningOf(method: string, target: string): Meaning | Refusal {
  const [rawPath = '', ...queries] = target.split('?');
  const bytes = unescapeBytes(bytesOf(rawPath), false);
  if (!bytes) return 'url';
  const path = textOf(bytes);
  const query = readQuery(queries.join('?'));
  const place = placeOf(path);
  if (!place) return { ...NOTHING, path, verb: method.toLowerCase() };

  const { group, version, segments } = place;
  const special = SPECIAL.includes(segments[0] ?? '') ? segments.shift() : undefined;
  if (segments.length === 0) return 'info';
  const namespace = takeNamespace(segments);
  const at = (index: number): string => segments[index] ?? '';
  const subresource = special === 'proxy' ? '' : at(2);
  const given = special ?? verbOf(method);
  const { verb, name } = withName(given, at(1), query);
  const meaning = {
    isResource: true,
    path,
    verb,
    group,
    version,
    namespace,
    resource: at(0),
    name,
  };
  return {
    ...meaning,
    subresource,
    ...selectorsOf(special === undefined && SEVERAL.includes(verb) ? query : undefined),
    parts: segments,
  };
}

function selectorsOf(
  query: ReadonlyMap<string, readonly string[]> | undefined,
): Pick<Meaning, 'fieldSelector' | 'labelSelector'> {
  const [fieldSelector = ''] = query?.get('fieldSelector') ?? [];
  const [labelSelector = ''] = query?.get('labelSelector') ?? [];
  return { fieldSelector, labelSelector };
}

/** `namespaces/x/` goes, unless nothing or a part of the namespace itself follows. */
function takeNamespace(segments: string[]): string {
  const [first, namespace = '', next = 'status'] = segments;
  if (first !== 'namespaces') return '';
  if (next !== 'status' && next !== 'finalize') segments.splice(0, 2);
  return namespace;
}

const SPECIAL = ['watch', 'proxy'];
const SEVERAL = ['list', 'watch', 'deletecollection'];
const NOTHING = {
  isResource: false,
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  fieldSelector: '',
  labelSelector: '',
  parts: [],
};

function placeOf(path: string): { group: string; version: string; segments: string[] } | undefined {
  const segments = path.split('/');
  while (segments[0] === '') segments.shift();
  while (segments.at(-1) === '') segments.pop();
  const prefix = segments.shift();
  if (prefix !== 'api' && prefix !== 'apis') return undefined;
  if (segments.length < (prefix === 'api' ? 2 : 3)) return undefined;
  const group = prefix === 'api' ? '' : (segments.shift() ?? '');
  const version = segments.shift() ?? '';
  return { group, version, segments };
}

function verbOf(method: string): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
    case 'DELETE':
      return method.toLowerCase();
    default:
      return '';
  }
}

/** Without a name several objects are meant, unless the field selector picks one. */
function withName(
  verb: string,
  name: string,
  query: ReadonlyMap<string, readonly string[]>,
): { verb: string; name: string } {
  if (name !== '') return { verb, name };
  if (verb === 'delete') return { verb: 'deletecollection', name: '' };
  if (verb !== 'get') return { verb, name: '' };
  const watch = query.get('watch')?.[0];
  const isWatch = watch !== undefined && watch !== '0' && watch.toLowerCase() !== 'false';
  return { verb: isWatch ? 'watch' : 'list', name: selectedName(query) };
}

/** Of a field selector that names one object; '' when any list option cannot be read. */
function selectedName(query: ReadonlyMap<string, readonly string[]>): string {
  const option = (name: string, otherwise = ''): string => query.get(name)?.[0] ?? otherwise;
  if (!isInt64(option('limit', '0')) || !isInt64(option('timeoutSeconds', '0'))) return '';
  const terms = readFieldTerms(option('fieldSelector'));
  if (!terms || !readLabelSelector(option('labelSelector'))) return '';
  const pinned = terms.find(([field, operator]) => field === 'metadata.name' && operator === '=');
  const name = pinned?.[2] ?? '';
  return ['.', '..'].includes(name) || /[/%]/.test(name) ? '' : name;
}
