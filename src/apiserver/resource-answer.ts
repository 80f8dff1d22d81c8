import {
  methodNotAllowed,
  notAcceptable,
  watchNotSupported,
} from '../apimachinery/status-error.ts';
import { formatTimestamp } from '../apimachinery/timestamp.ts';
import type { Clock } from '../clock.ts';
import type { Answer } from './answer.ts';
import type { GetRequest, ListRequest } from './api-group.ts';
import type { ApiRequest } from './api-request.ts';
import type { Encoder, Envelope, TypeMeta } from './encoding/encoder.ts';
import { WHOLE_LIST } from './encoding/list-meta.ts';
import type { ListMeta } from './encoding/list-meta.ts';
import type { Transform } from './encoding/negotiate.ts';
import { partialEncoding } from './encoding/partial.ts';
import { includedObject } from './encoding/table.ts';
import { parseListOptions, refuseExport } from './list-options.ts';
import { pageStart, readPage } from './paging.ts';
import type { Page } from './paging.ts';
import { representationOf } from './representation.ts';
import type { Representation } from './representation.ts';
import type { ResourceTarget } from './route.ts';

/** What all writers of one answer need to know. */
interface Question {
  readonly target: ResourceTarget;
  readonly request: ApiRequest;
  readonly representation: Representation;
  readonly clock: Clock;
}

/**
 * Answers a get or a list of a resource, in the form that the client asked for.
 * @throws StatusError for what the client did wrong, and when there is no such object.
 */
export function resourceAnswer(target: ResourceTarget, request: ApiRequest, clock: Clock): Answer {
  const representation = representationOf(request, true);
  const question: Question = { target, request, representation, clock };
  return target.name === undefined ? listAnswer(question) : getAnswer(question, target.name);
}

function listAnswer(question: Question): Answer {
  const { group, resource, namespace } = question.target;
  const options = parseListOptions(question.request.info.query);
  if (options.watch) throw watchNotSupported(group.name, resource.name);
  if (!resource.list) throw methodNotAllowed();
  const list = { resource: `${resource.name}.${group.name}`, namespace: namespace ?? '' };
  const { paging } = resource;
  const start = paging && pageStart(options, list);
  const { labelSelector, fieldSelector, limit } = options;
  const request = { namespace, labelSelector, fieldSelector, after: start?.after };
  const isWhole = !paging || limit === Number.POSITIVE_INFINITY;
  const inRuns = isWhole && runsAnswer(question, request);
  if (inRuns) return inRuns;
  const items: Iterable<unknown> = resource.list(request);
  if (isWhole) return listOf(items, WHOLE_LIST, question);
  const page = readPage({ list, start, request, items, paging, limit });
  return answer(question.representation.encoder, pagePieces(page, listWriter(question)));
}

/** Undefined where the items have to be written one by one. */
function runsAnswer(question: Question, request: ListRequest): Answer | undefined {
  const { encoder, transform } = question.representation;
  const { resource } = question.target;
  const runs = transform || !encoder.runs ? undefined : resource.runs?.(request);
  if (!runs || !encoder.runs) return undefined;
  const envelope = { ...envelopeOf(question, resource.listKind), itemType: undefined };
  return answer(encoder, encoder.runs(runs, resource.encoding, { ...envelope, meta: WHOLE_LIST }));
}

/** A page, once it is found: until then the pieces are empty. */
function* pagePieces(
  finding: Generator<'', Page<unknown>>,
  write: ListWriter,
): Generator<string | Buffer> {
  const page = yield* finding;
  const body = write(page.items, page);
  if (typeof body === 'string' || Buffer.isBuffer(body)) yield body;
  else yield* body;
}

function getAnswer(question: Question, name: string): Answer {
  const { resource, namespace, subresource } = question.target;
  refuseExport(question.request.info.query);
  const wanted: GetRequest = { namespace, name, subresource };
  if (resource.getList) return listOf(resource.getList(wanted), WHOLE_LIST, question);
  if (!resource.get) throw methodNotAllowed();
  return itemOf(resource.get(wanted), question);
}

function itemOf(item: unknown, question: Question): Answer {
  const { resource } = question.target;
  const { encoder, transform } = question.representation;
  const envelope = envelopeOf(question, resource.kind);
  switch (transform?.kind) {
    case undefined:
      return answer(encoder, encoder.item(item, resource.encoding, envelope));
    case 'Table':
      return answer(encoder, tableWriter(question, transform)([item], WHOLE_LIST));
    case 'PartialObjectMetadata': {
      const partial = { ...envelope, ...partialType(transform) };
      return answer(encoder, encoder.item(item, partialEncoding(resource.encoding), partial));
    }
    case 'PartialObjectMetadataList':
      throw otherListness(transform, 'not a list', question, resource.kind);
  }
}

/** Writes items and what the list says about itself, once both are known. */
type ListWriter = (items: Iterable<unknown>, meta: ListMeta) => Answer['body'];

function listOf(items: Iterable<unknown>, meta: ListMeta, question: Question): Answer {
  return answer(question.representation.encoder, listWriter(question)(items, meta));
}

/** How a list is written that was asked for so; refuses at once what it cannot write. */
function listWriter(question: Question): ListWriter {
  const { encoding, listKind } = question.target.resource;
  const { encoder, transform } = question.representation;
  const envelope = { ...envelopeOf(question, listKind), itemType: undefined };
  switch (transform?.kind) {
    case undefined:
      return (items, meta) => encoder.list(items, encoding, { ...envelope, meta });
    case 'Table':
      return tableWriter(question, transform);
    case 'PartialObjectMetadataList': {
      const itemType = { ...partialType(transform), kind: 'PartialObjectMetadata' };
      const partial = { ...envelope, ...partialType(transform), itemType };
      return (items, meta) => encoder.list(items, partialEncoding(encoding), { ...partial, meta });
    }
    case 'PartialObjectMetadata':
      throw otherListness(transform, 'a list', question, listKind);
  }
}

function tableWriter(question: Question, { version }: Transform): ListWriter {
  const { encoding, kind } = question.target.resource;
  const { encoder } = question.representation;
  const include = includedObject(question.request.info.query.get('includeObject'));
  const { table } = encoder;
  if (!table) throw new Error(`Cannot write a Table: got ${encoder.contentType}`);
  const envelope = envelopeOf(question, kind);
  return (items, meta) => table(items, encoding, envelope, { version, include, meta });
}

function answer({ contentType }: Encoder, body: Answer['body']): Answer {
  return { code: 200, contentType, isCompressible: true, body };
}

function envelopeOf({ target: { group, version }, clock }: Question, kind: string): Envelope {
  const nowMs = clock.nowMs();
  return {
    kind,
    apiVersion: `${group.name}/${version.name}`,
    createdAt: formatTimestamp(nowMs),
    createdAtSeconds: Math.floor(nowMs / 1000),
  };
}

function partialType({ kind, version }: Transform): TypeMeta {
  return { kind, apiVersion: `meta.k8s.io/${version}` };
}

/** The type is named as upstream's Go code calls it: for metrics.k8s.io `*metrics.NodeMetricsList`. */
function otherListness(
  { kind }: Transform,
  whatItIs: string,
  { target: { group } }: Question,
  goType: string,
): Error {
  const [goPackage = ''] = group.name.split('.', 1);
  const found = `${whatItIs} (*${goPackage}.${goType})`;
  return notAcceptable(`you requested ${kind}, but the requested object is ${found}`, undefined);
}
