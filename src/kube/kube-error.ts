import { messageOf } from './message-of.ts';

/**
import { messageOf } from './message-of.ts';
 * - `status`: kube-apiserver answered with an error, see `status` and `reason`;
 * - `reset`: an established connection broke;
 * - `connection`: no connection came about (refused, no route, unknown host);
 * - `tls`: its certificate was not accepted, or it did not accept ours;
 * - `timeout`: our deadline passed;
 * - `redirect`, `too-large`, `malformed`: an answer that we refuse.
 */
export type KubeErrorKind =
  'status' | 'reset' | 'connection' | 'tls' | 'timeout' | 'redirect' | 'too-large' | 'malformed';

interface KubeErrorDetails {
  readonly kind: KubeErrorKind;
  readonly status?: number;
  readonly reason?: string;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** Why a call to kube-apiserver gave nothing. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly kind: KubeErrorKind;
  /** The HTTP status, or the code of a Status in a watch; 0 without an answer. */
  readonly status: number;
  /** The reason of the Status (`Forbidden`, `Expired` …); '' without one. */
  readonly reason: string;
  /** How long the server asked us to wait, in ms; undefined when it did not ask. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: KubeErrorDetails) {
    super(message, { cause: details.cause });
    this.kind = details.kind;
    this.status = details.status ?? 0;
    this.reason = details.reason ?? '';
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A proxy in between says so of a server that it does not reach; so does the server of what is not there yet. */
const AWAY_STATUS = new Set([502, 503, 504]);
const AWAY_KINDS: ReadonlySet<KubeErrorKind> = new Set(['connection', 'reset', 'tls', 'timeout']);

/** Whether a call failed because kube-apiserver could not be reached: by anybody who goes the same way, most likely. */
export function isOutOfReach(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false;
  return error.kind === 'status' ? AWAY_STATUS.has(error.status) : AWAY_KINDS.has(error.kind);
}

const TLS_CODES =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_)/;
const RESET_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ETIMEDOUT']);
const TIMEOUT_CODES = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT']);

/** Says what a failure of the transport means. An error that is one already, or an abort, passes through. */
export function toKubeError(error: unknown, server: string): unknown {
  if (error instanceof KubeError || !Error.isError(error)) return error;
  if (error.name === 'AbortError') return error;
  const code = 'code' in error ? String(error.code) : '';
  const kind = kindOfCode(code);
  return new KubeError(`Cannot talk to kube-apiserver at ${server}: ${causeOf(error, code)}`, {
    kind,
    cause: error,
  });
}

function kindOfCode(code: string): KubeErrorKind {
  if (TLS_CODES.test(code)) return 'tls';
  if (RESET_CODES.has(code)) return 'reset';
  if (TIMEOUT_CODES.has(code)) return 'timeout';
  if (code.startsWith('HPE_') || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'malformed';
  return 'connection';
}

/** An AggregateError (several addresses tried) has an empty message: its parts say what happened. */
function causeOf(error: Error, code: string): string {
  if ('errors' in error && Array.isArray(error.errors))
    return error.errors.map(messageOf).join('; ');
  return error.message || code || error.name;
}
