import { textOfBytes } from '../apimachinery/byte-text.ts';
import { goQuote } from '../apimachinery/go-quote.ts';
import { toJsonText } from '../apimachinery/json-text.ts';
import { serviceUnavailable, timedOut, toStatus } from '../apimachinery/status-error.ts';
import { JSON_TYPE, NO_SNIFF, TEXT, textAnswer } from './answer.ts';
import type { WholeAnswer } from './answer.ts';
import { jsonDocument } from './encoding/text-layout.ts';

/** As upstream: apiserver/pkg/server/filters/maxinflight.go. */
export const TOO_MANY_REQUESTS: WholeAnswer = textAnswer(
  429,
  'Too many requests, please try again later.',
  [['Retry-After', '1']],
);

/** Never refused, since those who ask decide by the answer what becomes of us. */
const SERVED_TO_THE_END = ['/readyz', '/livez', '/healthz', '/metrics'];

/** Whether a request is served even while we refuse others at the end, as upstream: filters/with_retry_after.go. */
export function isServedToTheEnd(path: string, userAgent = ''): boolean {
  return (
    userAgent.startsWith('kube-apiserver/') ||
    SERVED_TO_THE_END.some((prefix) => path.startsWith(prefix))
  );
}

/** As upstream: apiserver/pkg/server/filters/with_retry_after.go. */
export const SHUTTING_DOWN_RETRY: WholeAnswer = textAnswer(
  429,
  'The apiserver is shutting down, please try again later.',
  [
    ['Retry-After', '5'],
    ['Connection', 'close'],
  ],
);

/** As upstream, with one line break more than elsewhere: apiserver/pkg/server/filters/waitgroup.go. */
export const SHUTTING_DOWN: WholeAnswer = {
  code: 503,
  contentType: JSON_TYPE,
  headers: [...NO_SNIFF, ['Retry-After', '1']],
  body: `${jsonDocument(toStatus(serviceUnavailable('apiserver is shutting down', 1)), false)}\n`,
};

export const PANIC: WholeAnswer = textAnswer(
  500,
  'This request caused apiserver to panic. Look in the logs for details.',
);

/** As upstream, the bare struct: no kind, no apiVersion, and Go takes it for text. */
export const TIMED_OUT: WholeAnswer = timedOutAnswer();

/** What could not be decided about a request; `url` as it came, one character a byte. Browsers must not find markup in it. */
export function internalError(url: string, reason: string): WholeAnswer {
  const text = `Internal Server Error: ${goQuote(textOfBytes(url))}: ${reason}`;
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return textAnswer(500, escaped);
}

function timedOutAnswer(): WholeAnswer {
  const { code, reason, message, details } = timedOut();
  const status = { metadata: {}, status: 'Failure', message, reason, details, code };
  return { code, contentType: TEXT, body: `${toJsonText(status)}\n` };
}
