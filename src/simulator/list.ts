import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { badRequest, expired } from '../apimachinery/status-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { KubeObject } from './kube-object.ts';
import type { ObjectStore, Snapshot } from './objects.ts';
import { type ListMeta, partialList } from './partial-protobuf.ts';
import { sendProtobuf } from './reply.ts';
import { type Representation, toItem } from './representation.ts';
import { type ResourceType, apiVersionOf } from './resource-type.ts';
import { revisionOf, selectionOf, tooLargeRevision } from './selection.ts';
import { toTable } from './tables.ts';

/** Written between two looks at the connection, so that a huge list neither blocks nor piles up. */
const ITEMS_A_CHUNK = 250;

interface Page {
  readonly revision: number;
  readonly items: readonly KubeObject[];
  /** '' on the last page. */
  readonly next: string;
  /** Undefined when selectors make it unknown, as upstream. */
  readonly remaining: number | undefined;
}

/** Answers a list, page by page when the client asks so (`limit`, `continue`). */
export async function serveList(
  response: ServerResponse,
  request: ApiRequest,
  { objects, type, representation, nowMs }: ListContext,
): Promise<void> {
  const page = pageOf(objects, type, request);
  if (representation.as === 'partial' && representation.protobuf) {
    sendProtobuf(response, partialList(page.items, metadataOf(page), representation.version));
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/json' });
  await writeChunks(response, chunksOf(page, type, representation, nowMs));
}

export interface ListContext {
  readonly objects: ObjectStore;
  readonly type: ResourceType;
  readonly representation: Representation;
  /** For the ages in tables. */
  readonly nowMs: number;
}

/** A client that goes away in the middle is no error of ours. */
export async function writeChunks(
  response: ServerResponse,
  chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  try {
    await pipeline(Readable.from(chunks), response);
  } catch (error) {
    if (!response.destroyed) throw error;
  }
}

function pageOf(objects: ObjectStore, type: ResourceType, request: ApiRequest): Page {
  const selection = selectionOf(type, request);
  const limit = limitOf(request);
  const token = request.query.get('continue') ?? '';
  const { snapshot, from } =
    token === ''
      ? { snapshot: firstSnapshot(objects, type, request, limit), from: 0 }
      : continued(objects, type, token);
  const items: KubeObject[] = [];
  const all = snapshot.objects;
  let index = from;
  for (; index < all.length && items.length < limit; index++) {
    const object = all[index];
    if (object && selection.includes(object)) items.push(object);
  }
  // A last page that is full ends the list only if nothing that is selected comes after it.
  const isLast = !all.slice(index).some((object) => selection.includes(object));
  const remaining = all.length - index;
  return {
    revision: snapshot.revision,
    items,
    next: isLast ? '' : writeToken(snapshot.revision, index),
    remaining:
      isLast || !selection.isEverything || request.namespace !== '' ? undefined : remaining,
  };
}

function limitOf({ query }: ApiRequest): number {
  const limit = Number(query.get('limit') ?? '0');
  if (!Number.isSafeInteger(limit)) throw badRequest(`Invalid value: limit: expected a number`);
  return limit <= 0 ? Number.POSITIVE_INFINITY : limit;
}

function firstSnapshot(
  objects: ObjectStore,
  type: ResourceType,
  request: ApiRequest,
  limit: number,
): Snapshot {
  const wanted = revisionOf(request);
  if (wanted !== undefined && wanted > objects.revision) {
    throw tooLargeRevision(wanted, objects.revision);
  }
  if (request.query.get('resourceVersionMatch') === 'Exact' && wanted !== undefined) {
    return exactSnapshot(objects, type, wanted);
  }
  return Number.isFinite(limit) ? objects.keepSnapshot(type) : objects.snapshot(type);
}

function exactSnapshot(objects: ObjectStore, type: ResourceType, revision: number): Snapshot {
  const snapshot =
    revision === objects.revision
      ? objects.keepSnapshot(type)
      : objects.keptSnapshot(type, revision);
  if (!snapshot) throw expired('The resourceVersion for the provided list is too old.');
  return snapshot;
}

function continued(
  objects: ObjectStore,
  type: ResourceType,
  token: string,
): { snapshot: Snapshot; from: number } {
  const { revision, from } = readToken(token);
  const snapshot = objects.keptSnapshot(type, revision);
  if (!snapshot) {
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    );
  }
  return { snapshot, from };
}

/** Opaque to clients: the revision of the list and how far it was read. */
function writeToken(revision: number, from: number): string {
  return Buffer.from(`${revision}/${from}`).toString('base64url');
}

function readToken(token: string): { revision: number; from: number } {
  const [, revision, from] =
    /^(\d+)\/(\d+)$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (revision === undefined || from === undefined) {
    throw badRequest('continue key is not valid: it was not given out by this server');
  }
  return { revision: Number(revision), from: Number(from) };
}

function metadataOf(page: Page): ListMeta {
  return {
    resourceVersion: String(page.revision),
    ...(page.next === '' ? {} : { continue: page.next }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
}

function* chunksOf(
  page: Page,
  type: ResourceType,
  representation: Representation,
  nowMs: number,
): Generator<string> {
  const metadata = metadataOf(page);
  if (representation.as === 'table') {
    const table = toTable(type, page.items, { version: representation.version, nowMs, metadata });
    yield `${JSON.stringify(table)}\n`;
    return;
  }
  const { kind, apiVersion } = listKind(type, representation);
  yield `${JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1)},"items":[`;
  for (let start = 0; start < page.items.length; start += ITEMS_A_CHUNK) {
    const items = page.items.slice(start, start + ITEMS_A_CHUNK);
    const texts = items.map((object) => JSON.stringify(toItem(object, representation)));
    yield `${start === 0 ? '' : ','}${texts.join(',')}`;
  }
  yield ']}\n';
}

function listKind(
  type: ResourceType,
  representation: Representation,
): { kind: string; apiVersion: string } {
  if (representation.as === 'partial') {
    return {
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${representation.version}`,
    };
  }
  return { kind: `${type.kind}List`, apiVersion: apiVersionOf(type) };
}
