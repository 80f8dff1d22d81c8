import { badRequest, expired } from '../apimachinery/status-error.ts';
import type { StatusError } from '../apimachinery/status-error.ts';
import type { ItemKey } from './api-group.ts';

/** What a list of pages is a list of. A token is good for the one that it was made for. */
export interface PagedList {
  /** With its group: `pods.metrics.k8s.io`. */
  readonly resource: string;
  /** '': all namespaces, or a resource without namespaces. */
  readonly namespace: string;
}

/** Where a page begins. */
export interface PageStart {
  /** The last item of the page before; it need not exist any longer. */
  readonly after: ItemKey;
  /** How many items the page before announced after itself; undefined where that was not known. */
  readonly remaining: number | undefined;
}

/** Of the token's format. Another one, older or newer, or of another server, is told to start anew. */
const VERSION = 1;

/** What a token holds, as JSON in base64url. Nothing in it is secret, and nothing in it gives a permission. */
interface TokenFields {
  readonly v: typeof VERSION;
  readonly of: string;
  readonly in: string;
  readonly after: readonly [namespace: string, name: string];
  readonly left?: number | undefined;
}

export function writeContinueToken(
  { resource, namespace }: PagedList,
  { after, remaining }: PageStart,
): string {
  const fields: TokenFields = {
    v: VERSION,
    of: resource,
    in: namespace,
    after: [after.namespace, after.name],
    left: remaining,
  };
  return Buffer.from(JSON.stringify(fields), 'utf8').toString('base64url');
}

/**
 * Reads the value of `?continue=`, whoever made it.
 * @throws StatusError 400 when it is none of ours or of another list, with kube-apiserver's words
 * (apiserver/pkg/storage/continue.go); 410 when it is of another version.
 */
export function readContinueToken(token: string, list: PagedList): PageStart {
  const fields = parseToken(token);
  const version = fields.get('v');
  if (version === undefined) throw notValid('it has no version');
  if (version !== VERSION) {
    // As kube-apiserver refuses what it has compacted (apiserver/pkg/storage/etcd3/errors.go). Clients know
    // the reason, and list anew.
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. ' +
        'You can start a new list without the continue parameter.',
    );
  }
  if (fields.get('of') !== list.resource) throw notValid('it is of another resource');
  if (fields.get('in') !== list.namespace) throw notValid('it is of another namespace');
  const after = keyOf(fields.get('after'), list.namespace);
  if (after === undefined) throw notValid('it has no start key');
  const left = fields.get('left');
  if (left !== undefined && !isCount(left)) throw notValid('it has no count of what remains');
  return { after, remaining: left };
}

function parseToken(token: string): ReadonlyMap<string, unknown> {
  const foreign = /[^\w-]/.exec(token)?.index;
  // One character left over holds no whole byte; Go names the place where it stopped.
  const broken = foreign ?? (token.length % 4 === 1 ? token.length - 1 : undefined);
  if (broken !== undefined) throw notValid(`illegal base64 data at input byte ${broken}`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw notValid('it is not JSON');
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notValid('it is not a JSON object');
  }
  return new Map(Object.entries(value));
}

/** A token of a namespace leads nowhere else. */
function keyOf(value: unknown, namespace: string): ItemKey | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [itemNamespace, name] = value as readonly unknown[];
  if (typeof itemNamespace !== 'string' || typeof name !== 'string' || name === '') {
    return undefined;
  }
  if (namespace !== '' && itemNamespace !== namespace) return undefined;
  return { namespace: itemNamespace, name };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function notValid(problem: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid: ${problem}`);
}
