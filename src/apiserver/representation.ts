import { notAcceptable } from '../apimachinery/status-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { Encoder } from './encoding/encoder.ts';
import { encoderOf } from './encoding/encoders.ts';
import { SERVED, negotiate, negotiateTarget } from './encoding/negotiate.ts';
import type { Negotiated, Target, Transform } from './encoding/negotiate.ts';

/** In what form a request is answered. */
export interface Representation {
  readonly encoder: Encoder;
  readonly transform: Transform | undefined;
}

/**
 * What the client asked for by Accept, query and User-Agent. `transforms` says whether the answer may be
 * turned into something else.
 * @throws StatusError 406 when nothing that we serve will do.
 */
export function representationOf(request: ApiRequest, transforms: boolean): Representation {
  const negotiated = negotiate(request.accept, SERVED, transforms);
  if (!negotiated) {
    const known = SERVED.map(({ name }) => name).join(', ');
    throw notAcceptable(`only the following media types are accepted: ${known}`, undefined);
  }
  return { encoder: encoderFor(negotiated, request), transform: negotiated.transform };
}

/** Undefined when the client does not ask for this target in particular. */
export function targetEncoder(request: ApiRequest, target: Target): Encoder | undefined {
  const negotiated = negotiateTarget(request.accept, SERVED, target);
  return negotiated && encoderFor(negotiated, request);
}

/** For an error. Undefined when the client takes nothing that we serve; it must be told all the same. */
export function errorEncoder(request: ApiRequest): Encoder | undefined {
  const negotiated = negotiate(request.accept, SERVED, false);
  return negotiated && encoderFor(negotiated, request);
}

function encoderFor(
  negotiated: Pick<Negotiated, 'mediaType' | 'pretty'>,
  request: ApiRequest,
): Encoder {
  return encoderOf(negotiated.mediaType.name, isPretty(negotiated, request));
}

const TRUE_WORDS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const HUMAN_AGENTS = ['curl', 'Wget', 'Mozilla/5.0'];

/** The media parameter, or the query, or, when the query is silent, a client that people look through. */
function isPretty(
  { pretty }: Pick<Negotiated, 'pretty'>,
  { info: { query }, userAgent = '' }: ApiRequest,
): boolean {
  if (pretty) return true;
  const asked = query.get('pretty') ?? '';
  if (asked !== '') return TRUE_WORDS.has(asked);
  return HUMAN_AGENTS.some((agent) => userAgent.startsWith(agent));
}
