import { gzipSync } from 'node:zlib';
import { JSON_TYPE } from '../answer.ts';
import type { Header, WholeAnswer } from '../answer.ts';
import { parseAccept } from '../encoding/accept.ts';
import type { Clause } from '../encoding/accept.ts';
import type { Query } from '../query.ts';
import { staticAnswer } from '../static-content.ts';
import type { ContentRequest } from '../static-content.ts';
import { addressOf, hashOf } from './documents.ts';
import type { OpenApiDocuments } from './documents.ts';

export type OpenApiRoute =
  | { readonly kind: 'openapi-v2' }
  | { readonly kind: 'openapi-v3-index' }
  /** `document` is what stands behind `/openapi/v3/`; there may be none of that name. */
  | { readonly kind: 'openapi-v3'; readonly document: string };

export interface OpenApiRequest extends ContentRequest {
  readonly query: Query;
}

/**
 * Answers any method, as upstream (kube-openapi/pkg/handler and handler3). The documents are offered as JSON; who insists on
 * their protobuf form is answered 406.
 */
export function openApiAnswer(
  route: OpenApiRoute,
  request: OpenApiRequest,
  documents: OpenApiDocuments,
  nowMs: number,
): WholeAnswer {
  switch (route.kind) {
    case 'openapi-v2':
      return v2Answer(request, documents);
    case 'openapi-v3-index':
      return staticAnswer(documents.v3Index, request);
    case 'openapi-v3':
      return v3Answer(route.document, request, documents, nowMs);
  }
}

/** Below this size, in bytes, an answer fits into a packet anyway. */
const GZIP_FROM_BYTES = 1400;

const VARY: Header = ['Vary', 'Accept'];
const VARY_ENCODING: Header = ['Vary', 'Accept-Encoding'];

function v2Answer(request: OpenApiRequest, { v2, v2Gzip }: OpenApiDocuments): WholeAnswer {
  const vary = [VARY_ENCODING, VARY];
  if (!wishesOf(request).some(isJson)) return empty(406, vary);
  const answer = withHeaders(staticAnswer(v2, request), vary);
  if (!acceptsGzip(request) || Buffer.byteLength(answer.body) < GZIP_FROM_BYTES) return answer;
  // A range is compressed by itself, as upstream.
  const body = answer.body === v2.bytes ? v2Gzip : gzipSync(answer.body);
  return { ...withHeaders(answer, [['Content-Encoding', 'gzip']]), body };
}

function v3Answer(
  document: string,
  request: OpenApiRequest,
  { v3 }: OpenApiDocuments,
  nowMs: number,
): WholeAnswer {
  const wishes = wishesOf(request);
  const content = v3.get(document);
  // Upstream says nothing at all where there is no readable wish or no document, which it looks for once it knows in
  // which of its forms, and says it with success.
  if (wishes.length === 0) return empty(200, []);
  if (!content && wishes.some(isUpstreamForm)) return empty(200, []);
  if (!content || !wishes.some(isJson)) return empty(406, [VARY]);
  const wanted = request.query.get('hash') ?? '';
  if (wanted === '') return withHeaders(staticAnswer(content, request), [VARY]);
  if (wanted !== hashOf(content)) {
    const location = addressOf(document, content);
    const headers: Header[] = [['Location', location], ['ETag', content.etag], VARY];
    return { code: 301, contentType: JSON_TYPE, headers, body: '' };
  }
  const answer = withHeaders(staticAnswer(content, request), [VARY, ['Expires', expires(nowMs)]]);
  // What is under this address will never be anything else; of a refusal that cannot be said.
  return answer.code === 416
    ? answer
    : withHeaders(answer, [['Cache-Control', 'public, immutable']]);
}

/** A year from now, with the zone as Go's RFC1123 prints it. */
function expires(nowMs: number): string {
  const date = new Date(nowMs);
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  return date.toUTCString().replace(/GMT$/, 'UTC');
}

function wishesOf({ header }: OpenApiRequest): readonly Clause[] {
  return parseAccept(header('accept') || '*/*');
}

function isJson(wish: Clause): boolean {
  return isOf(wish, ['json', '*']);
}

/** Of the third version; the second spelling is the older one. */
const PROTOBUF_FORMS = [
  'com.github.proto-openapi.spec.v3.v1.0+protobuf',
  'com.github.proto-openapi.spec.v3@v1.0+protobuf',
];

function isUpstreamForm(wish: Clause): boolean {
  return isOf(wish, ['json', '*', ...PROTOBUF_FORMS]);
}

function isOf({ type, subtype }: Clause, subtypes: readonly string[]): boolean {
  return (type === 'application' || type === '*') && subtypes.includes(subtype);
}

function empty(code: number, headers: readonly Header[]): WholeAnswer {
  return { code, contentType: undefined, headers, body: '' };
}

function withHeaders(answer: WholeAnswer, more: readonly Header[]): WholeAnswer {
  return { ...answer, headers: [...(answer.headers ?? []), ...more] };
}

/** Of a HEAD there is nothing to be compressed. As upstream (NYTimes/gziphandler), `*` does not mean gzip. */
function acceptsGzip({ method, header }: OpenApiRequest): boolean {
  if (method === 'HEAD') return false;
  let isAccepted = false;
  for (const clause of header('accept-encoding').split(',')) {
    const [coding = '', ...parameters] = clause.split(';').map((text) => text.trim());
    if (coding.toLowerCase() !== 'gzip') continue;
    const weight = weightOf(parameters);
    if (!Number.isNaN(weight)) isAccepted = weight > 0;
  }
  return isAccepted;
}

/** NaN for what is no number; then the clause does not count. */
function weightOf(parameters: readonly string[]): number {
  const last = parameters.at(-1);
  if (!last?.startsWith('q=')) return 1;
  const text = last.slice('q='.length);
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}
