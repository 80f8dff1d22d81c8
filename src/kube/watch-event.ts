import { FrameSplitter } from './frame-splitter.ts';
import { INITIAL_EVENTS_END } from './initial-events-end.ts';
import { memberOf, textOf } from './json-value.ts';
import { KubeError } from './kube-error.ts';
import { LineSplitter } from './line-splitter.ts';
import { messageOf } from './message-of.ts';
import { ProtobufFields } from './protobuf-fields.ts';
import { readProtobufDocument } from './protobuf-object.ts';
import { statusError } from './status-reply.ts';

/** `version` is the place to go on from after it. */
export type ObjectEvent =
  | { readonly type: 'changed' | 'deleted'; readonly object: unknown; readonly version: string }
  | { readonly type: 'bookmark'; readonly endsInitialEvents: boolean; readonly version: string };

export type WatchEvent = ObjectEvent | { readonly type: 'error'; readonly error: KubeError };

/**
 * The events in the bytes of a watch, in JSON or in protobuf: no frame is as long as that its length begins with
 * anything but 0, and no JSON begins with that. What is not whole when the bytes end was cut off: it comes again with
 * the next watch.
 *
 * @throws KubeError `malformed` or `too-large`.
 */
export async function* watchEvents(
  body: AsyncIterable<Uint8Array>,
  maxEventBytes: number,
): AsyncGenerator<WatchEvent> {
  let read: ((chunk: Uint8Array) => WatchEvent[]) | undefined;
  for await (const chunk of body) {
    if (chunk.length > 0) yield* (read ??= reader(chunk, maxEventBytes))(chunk);
  }
}

/** What makes events of the chunks of a watch that begins with this one. */
function reader(first: Uint8Array, maxEventBytes: number): (chunk: Uint8Array) => WatchEvent[] {
  if (first[0] === 0) {
    const frames = new FrameSplitter(maxEventBytes);
    return (chunk) => frames.write(chunk).map(readWatchEvent);
  }
  const lines = new LineSplitter(maxEventBytes);
  return (chunk) => lines.write(chunk).map(parseWatchEvent);
}

/** One WatchEvent in protobuf, with its object in an envelope. @throws KubeError `malformed` */
function readWatchEvent(frame: Buffer): WatchEvent {
  const fields = new ProtobufFields(frame);
  let type = '';
  let object: object | undefined;
  while (fields.next()) {
    if (fields.number === 1) type = fields.text();
    else if (fields.number === 2) object = readExtension(fields.message());
  }
  return eventOf(type, object);
}

/** The document in a RawExtension; undefined in an empty one. */
function readExtension(fields: ProtobufFields): object | undefined {
  let document: Buffer | undefined;
  while (fields.next()) {
    if (fields.number === 1) document = fields.bytes.subarray(fields.start, fields.end);
  }
  return document && readProtobufDocument(document);
}

/** @throws KubeError `malformed` when the line is no event. */
export function parseWatchEvent(line: string): WatchEvent {
  const event = parseLine(line);
  return eventOf(textOf(memberOf(event, 'type')), memberOf(event, 'object'));
}

function eventOf(type: string, object: unknown): WatchEvent {
  const metadata = memberOf(object, 'metadata');
  const version = textOf(memberOf(metadata, 'resourceVersion'));
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
