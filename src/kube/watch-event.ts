import { memberOf, textOf } from './json-value.ts';
import { KubeError } from './kube-error.ts';
import { LineSplitter } from './line-splitter.ts';
import { messageOf } from './message-of.ts';
import { statusError } from './status-reply.ts';

/** `version` is the place to go on from after it. */
export type ObjectEvent =
  | { readonly type: 'changed' | 'deleted'; readonly object: unknown; readonly version: string }
  | { readonly type: 'bookmark'; readonly endsInitialEvents: boolean; readonly version: string };

export type WatchEvent = ObjectEvent | { readonly type: 'error'; readonly error: KubeError };

/** KEP-3157: the bookmark after which a streamed list is whole. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/**
 * The events in the bytes of a watch. What is left without a line's end when the bytes end was cut off:
 * it comes again with the next watch.
 *
 * @throws KubeError `malformed` or `too-large`.
 */
export async function* watchEvents(
  body: AsyncIterable<Uint8Array>,
  maxEventBytes: number,
): AsyncGenerator<WatchEvent> {
  const splitter = new LineSplitter(maxEventBytes);
  for await (const chunk of body) {
    for (const line of splitter.write(chunk)) yield parseWatchEvent(line);
  }
}

/** @throws KubeError `malformed` when the line is no event. */
export function parseWatchEvent(line: string): WatchEvent {
  const event = parseLine(line);
  const object = memberOf(event, 'object');
  const metadata = memberOf(object, 'metadata');
  const version = textOf(memberOf(metadata, 'resourceVersion'));
  const type = textOf(memberOf(event, 'type'));
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'changed', object, version };
    case 'DELETED':
      return { type: 'deleted', object, version };
    case 'BOOKMARK': {
      const annotation = memberOf(memberOf(metadata, 'annotations'), INITIAL_EVENTS_END);
      return { type: 'bookmark', endsInitialEvents: annotation === 'true', version };
    }
    case 'ERROR':
      return { type: 'error', error: statusError(object) };
    default:
      throw malformed(`expected the type of an event, got ${JSON.stringify(type)}`);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw malformed(messageOf(cause), cause);
  }
}

function malformed(problem: string, cause?: unknown): KubeError {
  return new KubeError(`Cannot read a watch of kube-apiserver: ${problem}`, {
    kind: 'malformed',
    cause,
  });
}
