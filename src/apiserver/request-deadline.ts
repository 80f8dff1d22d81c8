import { parseDuration } from '../apimachinery/duration.ts';
import { badRequest } from '../apimachinery/status-error.ts';
import type { Query } from './query.ts';

/**
 * How long a request may take, in ms: what `?timeout=` asks for, but no longer than `maximumMs`. A timeout
 * of zero or below asks for nothing (as upstream: apiserver/pkg/endpoints/filters/request_deadline.go).
 * @throws StatusError 400 when it is no duration.
 */
export function requestDeadlineMs(query: Query, maximumMs: number): number {
  const text = query.get('timeout') ?? '';
  if (text === '') return maximumMs;
  const askedMs = durationOf(text);
  return askedMs <= 0 ? maximumMs : Math.min(askedMs, maximumMs);
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`);
  }
}
