import type { ServerResponse } from 'node:http';
import { type StatusError, expired, invalid, toStatus } from '../apimachinery/status-error.ts';
import { type ApiRequest, isTrue } from './api-request.ts';
import type { KubeObject } from './kube-object.ts';
import { writeChunks } from './list.ts';
import type { ObjectEvent, ObjectStore } from './objects.ts';
import { type StatusLike, partialEvent } from './partial-protobuf.ts';
import { PROTOBUF, type Representation, toDocument } from './representation.ts';
import { type ResourceType, apiVersionOf } from './resource-type.ts';
import { type Selection, revisionOf, selectionOf } from './selection.ts';
import { toTable } from './tables.ts';

/** Without `timeoutSeconds`, as kube-apiserver (there: a random time from this to its double). */
const DEFAULT_TIMEOUT_MS = 30 * 60_000;
/** Events waiting for a client that does not read; beyond, its watch ends and it has to start over. */
const MAX_WAITING = 100_000;
const EVENTS_A_CHUNK = 250;

export interface WatchContext {
  readonly objects: ObjectStore;
  readonly type: ResourceType;
  readonly representation: Representation;
  readonly nowMs: () => number;
  /** Time between two bookmarks; the real one sends about one a minute. */
  readonly bookmarkIntervalMs: number;
  /** Aborted when the server ends. */
  readonly signal: AbortSignal;
}

/** What a watch sends; the object is a document ready to be written. */
interface WatchEvent {
  readonly type: ObjectEvent['type'] | 'BOOKMARK' | 'ERROR';
  readonly object: object;
}

/** Answers a watch: one JSON document a line until its time is over, the client leaves or the server ends. */
export async function serveWatch(
  response: ServerResponse,
  request: ApiRequest,
  context: WatchContext,
): Promise<void> {
  const watch = new Watch(request, context);
  response.writeHead(200, { 'Content-Type': contentType(context.representation) });
  response.flushHeaders();
  const leave = (): void => {
    watch.end();
  };
  response.once('close', leave);
  await writeChunks(response, watch.lines());
}

function contentType(representation: Representation): string {
  if (representation.as === 'partial' && representation.protobuf) return `${PROTOBUF};stream=watch`;
  return representation.as === 'object' ? 'application/json' : 'application/json;stream=watch';
}

class Watch {
  private readonly context: WatchContext;
  private readonly selection: Selection;
  private readonly wantsBookmarks: boolean;
  private readonly timeoutMs: number;
  private readonly waiting: WatchEvent[] = [];
  private readonly initial: readonly KubeObject[];
  private readonly closing: (() => void)[] = [];
  private wake: () => void = () => undefined;
  private isEnded = false;

  /** Everything is decided and subscribed here, in one turn, so that no event falls between list and watch. */
  constructor(request: ApiRequest, context: WatchContext) {
    this.context = context;
    this.selection = selectionOf(context.type, request);
    this.wantsBookmarks = isTrue(request.query.get('allowWatchBookmarks'));
    const timeoutSeconds = Number(request.query.get('timeoutSeconds') ?? '0');
    this.timeoutMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 : DEFAULT_TIMEOUT_MS;
    const start = startOf(request, context.type, this.wantsBookmarks);
    const { objects, type } = context;
    const past = start.revision === undefined ? [] : objects.eventsSince(type, start.revision);
    this.initial = start.withState
      ? objects.snapshot(type).objects.filter((object) => this.selection.includes(object))
      : [];
    if (past) for (const event of past) this.accept(event);
    else
      this.fail(expired(`too old resource version: ${start.revision ?? 0} (${objects.revision})`));
    this.initialRevision = objects.revision;
    this.announcesInitialEnd = start.announcesEnd;
    this.closing.push(
      objects.subscribe(type, (event) => {
        this.accept(event);
      }),
    );
  }

  private readonly initialRevision: number;
  private readonly announcesInitialEnd: boolean;

  end(): void {
    this.isEnded = true;
    this.wake();
  }

  async *lines(): AsyncGenerator<string | Uint8Array> {
    const { signal, bookmarkIntervalMs } = this.context;
    const timeout = setTimeout(() => {
      this.expire();
    }, this.timeoutMs);
    const bookmarks = setInterval(() => {
      this.bookmark();
    }, bookmarkIntervalMs);
    const stop = (): void => {
      this.end();
    };
    signal.addEventListener('abort', stop);
    if (signal.aborted) this.end();
    try {
      yield* this.initialLines();
      yield* this.laterLines();
    } finally {
      clearTimeout(timeout);
      clearInterval(bookmarks);
      signal.removeEventListener('abort', stop);
      for (const close of this.closing) close();
    }
  }

  private *initialLines(): Generator<string | Uint8Array> {
    for (let start = 0; start < this.initial.length; start += EVENTS_A_CHUNK) {
      const objects = this.initial.slice(start, start + EVENTS_A_CHUNK);
      yield this.lineOf(
        objects.map((object) => ({ type: 'ADDED' as const, object: this.document(object) })),
      );
    }
    if (!this.announcesInitialEnd) return;
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    yield this.lineOf([this.bookmarkAt(this.initialRevision, annotations)]);
  }

  private async *laterLines(): AsyncGenerator<string | Uint8Array> {
    for (;;) {
      const events = this.waiting.splice(0, EVENTS_A_CHUNK);
      if (events.length > 0) {
        yield this.lineOf(events);
        continue;
      }
      if (this.isEnded) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** An object that begins or ceases to be selected appears or disappears for this watch. */
  private accept(event: ObjectEvent): void {
    if (this.isEnded) return;
    const { type, object, previous } = event;
    const was = previous !== undefined && this.selection.includes(previous);
    const is = type !== 'DELETED' && this.selection.includes(object);
    if (!was && !is) return;
    const seen = is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED';
    this.send({ type: seen, object: this.document(object) });
  }

  private send(event: WatchEvent): void {
    this.waiting.push(event);
    if (this.waiting.length > MAX_WAITING) this.isEnded = true;
    this.wake();
  }

  private fail(error: StatusError): void {
    this.send({ type: 'ERROR', object: toStatus(error) });
    this.end();
  }

  private bookmark(): void {
    // Tables carry no bookmarks: only kubectl reads them, and it asks for none.
    if (!this.wantsBookmarks || this.context.representation.as === 'table') return;
    this.send(this.bookmarkAt(this.context.objects.revision, undefined));
  }

  private expire(): void {
    this.bookmark();
    this.end();
  }

  private bookmarkAt(
    revision: number,
    annotations: Readonly<Record<string, string>> | undefined,
  ): WatchEvent {
    const { type, representation } = this.context;
    const isPartial = representation.as === 'partial';
    return {
      type: 'BOOKMARK',
      object: {
        kind: isPartial ? 'PartialObjectMetadata' : type.kind,
        apiVersion: isPartial ? `meta.k8s.io/${representation.version}` : apiVersionOf(type),
        metadata: {
          resourceVersion: String(revision),
          creationTimestamp: null,
          ...(annotations && { annotations }),
        },
      },
    };
  }

  private document(object: KubeObject): object {
    const { type, representation, nowMs } = this.context;
    if (representation.as !== 'table') return toDocument(object, representation);
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    return toTable(type, [object], { version: representation.version, nowMs: nowMs(), metadata });
  }

  /** The events as they are sent: a line each, or in protobuf a frame. */
  private lineOf(events: readonly WatchEvent[]): string | Uint8Array {
    const { representation } = this.context;
    if (representation.as !== 'partial' || !representation.protobuf) {
      return events.map((event) => `${JSON.stringify(event)}\n`).join('');
    }
    const { version } = representation;
    return Buffer.concat(
      events.map(({ type, object }) =>
        partialEvent(type, object as KubeObject | StatusLike, version),
      ),
    );
  }
}

interface WatchStart {
  /** Events after this one are told; undefined: those from now on. */
  readonly revision: number | undefined;
  /** Whether what exists now is told first. */
  readonly withState: boolean;
  /** Whether the end of that state is marked by a bookmark (KEP-3157). */
  readonly announcesEnd: boolean;
}

/** @throws StatusError 400 or 422 for parameters that do not fit together. */
function startOf(request: ApiRequest, type: ResourceType, wantsBookmarks: boolean): WatchStart {
  const revision = revisionOf(request);
  const { query } = request;
  if (query.has('sendInitialEvents')) {
    const match = query.get('resourceVersionMatch') ?? '';
    if (match !== 'NotOlderThan') {
      throw invalid(type.group, 'ListOptions', '', [
        {
          reason: 'FieldValueForbidden',
          message:
            'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
          field: 'resourceVersionMatch',
        },
      ]);
    }
    if (isTrue(query.get('sendInitialEvents'))) {
      return { revision: undefined, withState: true, announcesEnd: wantsBookmarks };
    }
  }
  if (revision === undefined || revision === 0) {
    return { revision: undefined, withState: true, announcesEnd: false };
  }
  return { revision, withState: false, announcesEnd: false };
}
