import { gunzipSync } from 'node:zlib';
import type { Answer } from './ask.ts';
import { type Body, readBody } from './document.ts';
import type { Exchange } from './exchanges.ts';

/** One side of a comparison: what was recorded, or what was answered now. */
export interface Side {
  readonly status: number;
  /** Names in lower case. Several lines of one name are joined by ", " here, as the recorder did. */
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined when it was not kept, or cannot be compared. */
  readonly body: Body | undefined;
}

/**
 * What was recorded. A body that is not what its content type says (a part of a document, say) is plain text,
 * which is compared byte by byte.
 */
export function recordedSide({ response }: Exchange): Side {
  const { status, headers, body } = response;
  if (body === undefined) return { status, headers, body };
  try {
    return { status, headers, body: bodyOf(headers, body) };
  } catch {
    return { status, headers, body: plainText(body) };
  }
}

/**
 * What was answered, its body read in the way of the recorded one.
 * @throws Error saying what is wrong with the body.
 */
export function answeredSide({ status, headers, body }: Answer, expected: Side): Side {
  const joined = joinedHeaders(headers);
  const isPlain = expected.body?.format === 'text' && status === expected.status;
  return {
    status,
    headers: joined,
    body: isPlain ? plainText(unzipped(joined, body)) : bodyOf(joined, body),
  };
}

/** One character a byte, so that all bytes can be compared. */
function plainText(bytes: Buffer): Body {
  return { format: 'text', text: bytes.toString('latin1') };
}

/** @throws Error when it is not encoded as the headers say. */
function bodyOf(headers: ReadonlyMap<string, string>, bytes: Buffer): Body {
  return readBody(headers.get('content-type') ?? '', unzipped(headers, bytes));
}

/** @throws Error when it is not encoded as the headers say. An answer to HEAD has nothing to be encoded. */
function unzipped(headers: ReadonlyMap<string, string>, bytes: Buffer): Buffer {
  const isZipped = headers.get('content-encoding') === 'gzip' && bytes.length > 0;
  return isZipped ? gunzipSync(bytes) : bytes;
}

export function joinedHeaders(headers: Answer['headers']): ReadonlyMap<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return joined;
}

/** What a path asks for, as far as deviations look at it. */
export interface ResourcePath {
  readonly resource: string;
  /** '' of a list of all namespaces, or of nodes. */
  readonly namespace: string;
  /** '' of a list. */
  readonly name: string;
  /** The first value of each, which is the only one that counts. */
  readonly query: ReadonlyMap<string, string>;
}

const API = ['apis', 'metrics.k8s.io', 'v1beta1'];

/** Undefined of every path that is not one of the two resources. */
export function resourcePathOf(path: string): ResourcePath | undefined {
  const [route = '', queryText = ''] = path.split(/\?(.*)/s);
  const segments = route
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodedSegment);
  if (API.some((word, index) => segments[index] !== word)) return undefined;
  const place = placeOf(segments.slice(API.length).join('/'));
  return place && { ...place, query: queryOf(queryText) };
}

function placeOf(route: string): Omit<ResourcePath, 'query'> | undefined {
  // Two slashes in a row leave the namespace empty, and ask for all.
  const pods = /^(?:namespaces\/(?:([^/]+)\/)?)?pods(?:\/([^/]+))?$/.exec(route);
  if (pods) return { resource: 'pods', namespace: pods[1] ?? '', name: pods[2] ?? '' };
  const nodes = /^nodes(?:\/([^/]+))?$/.exec(route);
  return nodes ? { resource: 'nodes', namespace: '', name: nodes[1] ?? '' } : undefined;
}

/** A segment that cannot be decoded is in no path that is served. */
function decodedSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** The first value of each name, which is the only one that counts. */
export function queryOf(text: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const pair of text.split('&')) {
    // A pair with a semicolon does not count, as in Go since 1.17.
    if (pair.includes(';')) continue;
    const [name, value] = decodedPair(pair) ?? [];
    if (name !== undefined && name !== '' && !query.has(name)) query.set(name, value ?? '');
  }
  return query;
}

/** Undefined when an escape is malformed: the pair then does not count. */
function decodedPair(pair: string): readonly [string, string] | undefined {
  const [name = '', value = ''] = pair.split(/=(.*)/s);
  try {
    return [decode(name), decode(value)];
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
