import { goQuote } from './go-quote.ts';

/** What a Status says beyond its message. Members in the order Go writes them; none of them is required. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Partial<StatusCause>[];
  readonly retryAfterSeconds?: number;
}

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** The error object of meta/v1. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  /** The HTTP status code. */
  readonly code: number;
}

interface StatusErrorInit {
  readonly code: number;
  /** '' leaves it out. */
  readonly reason: string;
  readonly message: string;
  readonly details?: StatusDetails | undefined;
  readonly retryAfterSeconds?: number;
}

/** A refusal that a client gets to read, as a Status of meta/v1. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  /** The HTTP status code. */
  readonly code: number;
  /** For programs, for example `NotFound`; '' when there is none. */
  readonly reason: string;
  /** Undefined: no such key in the answer. `{}`: present and empty; clients see the difference. */
  readonly details: StatusDetails | undefined;
  /** Above 0: the answer has a Retry-After header. */
  readonly retryAfterSeconds: number;

  constructor({ code, reason, message, details, retryAfterSeconds }: StatusErrorInit) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds ?? details?.retryAfterSeconds ?? 0;
  }
}

/** The Status object of an error; keys in the order Go writes them, empty ones left out. */
export function toStatus(error: StatusError): Status {
  const { message, reason, details, code } = error;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    ...withoutEmpty({ message, reason }),
    ...(details === undefined ? {} : { details: toDetails(details) }),
    code,
  };
}

function toDetails(details: StatusDetails): StatusDetails {
  const { name, group, kind, uid, causes = [], retryAfterSeconds } = details;
  return withoutEmpty({
    name,
    group,
    kind,
    uid,
    causes: causes.map(({ reason, message, field }) => withoutEmpty({ reason, message, field })),
    retryAfterSeconds,
  });
}

/** Leaves out what Go's `omitempty` leaves out. */
function withoutEmpty<Members extends object>(members: Members): Present<Members> {
  const present = Object.entries(members).filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(present) as Present<Members>;
}

type Present<Members> = { [Key in keyof Members]?: Exclude<Members[Key], undefined> };

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === '' ||
    value === 0 ||
    (Array.isArray(value) && value.length === 0)
  );
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

export function unauthorized(): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

/** What a refused request wanted, in the words of its RequestInfo. */
export interface RefusedRequest {
  readonly isResource: boolean;
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Texts as upstream: apiserver/pkg/endpoints/handlers/responsewriters/errors.go. '' means no reason was given. */
export function forbidden(userName: string, request: RefusedRequest, reason: string): StatusError {
  const { isResource, group, resource, name } = request;
  const refusal = refusalText(userName, request).replace(/[&<>]/g, (character) => {
    return character === '&' ? '&amp;' : character === '<' ? '&lt;' : '&gt;';
  });
  const text = reason === '' ? refusal : `${refusal}: ${reason}`;
  if (!isResource) {
    return new StatusError({
      code: 403,
      reason: 'Forbidden',
      message: `forbidden: ${text}`,
      details: {},
    });
  }
  const subject =
    name === '' ? qualified(group, resource) : `${qualified(group, resource)} ${goQuote(name)}`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${subject} is forbidden: ${text}`,
    details: { name, group, kind: resource },
  });
}

function refusalText(userName: string, request: RefusedRequest): string {
  const { isResource, verb, path, group, resource, subresource, namespace } = request;
  const who = `User ${goQuote(userName)} cannot ${verb}`;
  if (!isResource) return `${who} path ${goQuote(path)}`;
  const what = goQuote(subresource === '' ? resource : `${resource}/${subresource}`);
  const where =
    namespace === '' ? 'at the cluster scope' : `in the namespace ${goQuote(namespace)}`;
  return `${who} resource ${what} in API group ${goQuote(group)} ${where}`;
}

/** No such object. `group` is '' for the core group and for names that carry no group. */
export function notFound(group: string, resource: string, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(group, resource)} ${goQuote(name)} not found`,
    details: { name, group, kind: resource },
  });
}

/** No such route below an API group. */
export function routeNotFound(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });
}

export function methodNotAllowed(): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

export function watchNotSupported(group: string, resource: string): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `watch is not supported on resources of kind ${goQuote(qualified(group, resource))}`,
    details: { group, kind: resource },
  });
}

/** `details` is `{}` from the router, undefined from the encoder that chooses among media types (contract 4.1). */
export function notAcceptable(message: string, details: StatusDetails | undefined): StatusError {
  return new StatusError({ code: 406, reason: 'NotAcceptable', message, details });
}

/** A continue token or resource version that is no longer known. */
export function expired(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message });
}

export function unsupportedMediaType(): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: '415: Unsupported Media Type',
    details: {},
  });
}

/** Values that contradict each other or the rules of a kind; each cause names its field. */
export function invalid(
  group: string,
  kind: string,
  name: string,
  causes: readonly StatusCause[],
): StatusError {
  const problems = causes.map(({ field, message }) => `${field}: ${message}`);
  const text = problems.length === 1 ? problems.join('') : `[${problems.join(', ')}]`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${qualified(group, kind)} ${goQuote(name)} is invalid: ${text}`,
    details: { name, group, kind, causes },
  });
}

/** Our own failure while reading what is to be served: a message, and no reason (contract 5.2). */
export function internalFailure(message: string): StatusError {
  return new StatusError({ code: 500, reason: '', message });
}

export function serviceUnavailable(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message, retryAfterSeconds });
}

export function timedOut(): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
    details: {},
  });
}

function qualified(group: string, resource: string): string {
  return group === '' ? resource : `${resource}.${group}`;
}
