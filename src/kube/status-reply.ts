import { memberOf, textOf } from './json-value.ts';
import { KubeError } from './kube-error.ts';

/** What is known of an answer that was not a success. */
interface Refusal {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** The reasons that Kubernetes clients infer from a bare HTTP status. */
const REASONS = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [410, 'Gone'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

const MAX_QUOTED_BODY = 200;

/** The error of an answer with an HTTP status other than success: the Status in its body, if there is one. */
export function refusalError(refusal: Refusal, nowMs: number): KubeError {
  const { method, path, status, body } = refusal;
  if (status >= 300 && status < 400) {
    return new KubeError(`kube-apiserver redirected ${method} ${path}, which we do not follow`, {
      kind: 'redirect',
      status,
    });
  }
  const retryAfterMs = parseRetryAfter(refusal.retryAfter, nowMs);
  const document = parseJson(body);
  if (memberOf(document, 'kind') === 'Status') return statusError(document, status, retryAfterMs);
  const excerpt = body.trim().slice(0, MAX_QUOTED_BODY);
  const said = excerpt === '' ? 'without a body' : `saying ${JSON.stringify(excerpt)}`;
  return new KubeError(`kube-apiserver answered ${method} ${path} with ${status}, ${said}`, {
    kind: 'status',
    status,
    reason: REASONS.get(status) ?? (status >= 500 ? 'InternalError' : ''),
    retryAfterMs,
  });
}

/**
 * The error that a Status object tells of, in an answer or as an ERROR event of a watch.
 *
 * @param fallbackStatus counts when the Status has no code
 */
export function statusError(status: unknown, fallbackStatus = 0, retryAfterMs?: number): KubeError {
  const code = Number(memberOf(status, 'code')) || fallbackStatus;
  const reason = textOf(memberOf(status, 'reason')) || (REASONS.get(code) ?? '');
  const seconds = Number(memberOf(memberOf(status, 'details'), 'retryAfterSeconds'));
  return new KubeError(textOf(memberOf(status, 'message')) || reason || `status ${code}`, {
    kind: 'status',
    status: code,
    reason,
    retryAfterMs: retryAfterMs ?? (seconds > 0 ? seconds * 1000 : undefined),
  });
}

/** RFC 9110 §10.2.3: seconds, or a date. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) || !value.trim().endsWith('GMT')
    ? undefined
    : Math.max(0, dateMs - nowMs);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy in between answers with HTML: the caller quotes it
  }
}
