import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { INFORMER_BACKOFF, UNREACHABLE_BACKOFF, backoffMs } from './backoff.ts';
import type { BackoffLimits } from './backoff.ts';
import type { OpenRequest } from './client.ts';
import { Deadline, pause, untilAborted } from './deadline.ts';
import { KubeError, isOutOfReach } from './kube-error.ts';
import { ListDecoder } from './list-decoder.ts';
import type { ListMetadata } from './list-decoder.ts';
import { listPath, watchPath } from './list-watch-path.ts';
import type { PageQuery } from './list-watch-path.ts';
import type { Follower } from './presence.ts';
import { ProtobufListDecoder } from './protobuf-list-decoder.ts';
import { Relist } from './relist.ts';
import type { Mirror } from './relist.ts';
import { sparingOthers } from './spare-others.ts';
import { Trouble } from './trouble.ts';
import { watchEvents } from './watch-event.ts';
import type { ObjectEvent } from './watch-event.ts';

interface FollowedResource {
  /** For the log: `nodes`. */
  readonly name: string;
  readonly path: string;
  readonly fieldSelector?: string;
  readonly listAccept: string;
  readonly watchAccept: string;
  /** What to do when we are not allowed to read it. */
  readonly remedy: string;
}

export interface InformerOptions {
  readonly resource: FollowedResource;
  readonly client: { open(request: OpenRequest): Promise<AsyncIterable<Uint8Array>> };
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 (inclusive) to 1 (exclusive), as Math.random. */
  readonly random: () => number;
  /** Told of every attempt. */
  readonly follower?: Follower;
  readonly timing?: Partial<InformerTiming>;
}

/** In ms. */
export interface InformerTiming {
  readonly backoff: BackoffLimits;
  /** While kube-apiserver is out of reach, or begins. */
  readonly unreachableBackoff: BackoffLimits;
  /** How long a server is asked to keep a watch open, a random time between the two. */
  readonly minWatchMs: number;
  readonly maxWatchMs: number;
  /** A watch that goes on for so much longer than that is dead: nobody is at the other end to end it. */
  readonly watchGraceMs: number;
  /** Until the headers of a list or watch. A busy server may queue us for 60 s. */
  readonly headersTimeoutMs: number;
  /** For a page, or a whole list from a server that does not page. */
  readonly listTimeoutMs: number;
  /** A streamed list in which nothing comes for so long does not exist: the server ignores the request for it. */
  readonly streamSilenceMs: number;
  /** No new watch begins sooner after the last; one that ended sooner without any event was a failure. */
  readonly shortWatchMs: number;
  /** A watch that held for so long was a success, even without any event. */
  readonly longWatchMs: number;
}

const TIMING: InformerTiming = {
  backoff: INFORMER_BACKOFF,
  unreachableBackoff: UNREACHABLE_BACKOFF,
  minWatchMs: 300_000,
  maxWatchMs: 600_000,
  watchGraceMs: 30_000,
  headersTimeoutMs: 70_000,
  listTimeoutMs: 300_000,
  streamSilenceMs: 20_000,
  shortWatchMs: 1_000,
  longWatchMs: 30_000,
};

/**
 * What a failure says of kube-apiserver: it is out of reach (`away`); it has just begun, and does not let anybody in
 * yet (`beginning`); or it is `there`, and the failure is about something else.
 */
type Answering = 'away' | 'beginning' | 'there';

/** Reason of our own error when a streamed list says nothing. */
const SILENT = 'Silent';
const PAGE_SIZE = 500;
const MAX_PAGES = 10_000;
/** etcd takes 1.5 MB by default; the JSON of an object is larger than what it keeps, but not so much. */
const MAX_OBJECT_BYTES = 16 * 1024 * 1024;
/** The `k` of `k8s`. */
const PROTOBUF_BEGIN = 0x6b;
/** A server that wants us to wait longer than that is asked again all the same. */
const MAX_RETRY_AFTER_MS = 120_000;
/** After so many failures in a row the place to watch from is doubted, and everything listed anew. */
const RELIST_AFTER_FAILURES = 5;
/** After so many failures a streamed list is given up for a paged one. */
const MAX_STREAM_FAILURES = 3;
/** From so many failures in a row on, even ordinary ones are told. */
const TELL_AFTER_FAILURES = 3;
/** So often a kube-apiserver that let us in before may refuse us: one that has just begun denies everybody for seconds. */
const MAX_EARLY_REFUSALS = 4;
/** Servers that do not know streamed lists, or have them turned off. */
const NO_STREAM_STATUS = new Set([400, 405, 406, 415, 422, 501]);
/** The place to watch from is unknown to the server: too old, or ahead of a restored etcd. */
const LOST_PLACE_STATUS = new Set([400, 404, 410, 504]);

/**
 * Keeps a mirror of a resource: a list, then a watch from where the list ended, for as long as it lives.
 * Whatever breaks, it comes back: after a cut watch it goes on from the last version it saw; when the
 * server does not know that any more, it lists anew into the mirror, which serves on meanwhile, and
 * removes at the end what the list did not show. Never throws, never stops before it is disposed.
 */
export class Informer implements AsyncDisposable {
  private readonly options: InformerOptions;
  private readonly timing: InformerTiming;
  private readonly mirror: Mirror;
  private readonly trouble: Trouble;
  private readonly ending = new AbortController();
  private readonly whole = Promise.withResolvers<undefined>();
  private running: Promise<void> | undefined;
  private isSynced = false;
  /** Where to watch from; undefined: a list is needed. */
  private version: string | undefined;
  /** The next list must not come from a cache, which may be as old as what we had. */
  private consistent = false;
  /** Whether lists are asked for as the beginning of a watch, or page by page. */
  private streams = true;
  private streamFailures = 0;
  private failures = 0;
  private answering: Answering = 'there';
  /** Since it let us in, or was away. */
  private refusals = MAX_EARLY_REFUSALS;
  /** Whether the watch of this turn had begun, so that its end is no news. */
  private opened = false;

  constructor(mirror: Mirror, options: InformerOptions) {
    this.mirror = mirror;
    this.options = options;
    this.timing = { ...TIMING, ...options.timing };
    const { log, resource } = options;
    this.trouble = new Trouble({ log, resource: resource.name, remedy: resource.remedy });
  }

  start(): void {
    this.running ??= this.run(this.ending.signal);
  }

  /** Whether the mirror has shown the whole resource once. It stays so. */
  get synced(): boolean {
    return this.isSynced;
  }

  /** Resolves when synced; rejects with the signal's reason when that comes first. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await untilAborted(this.whole.promise, signal, () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await this.turn(signal);
      await pause(waitMs, signal);
    }
  }

  /** One list or one watch. Returns how long to wait before the next, in ms. */
  private async turn(signal: AbortSignal): Promise<number> {
    this.opened = false;
    try {
      if (this.version !== undefined || this.streams)
        return await this.follow(this.version, signal);
      await this.pageList(signal);
      return 0;
    } catch (error) {
      return signal.aborted ? 0 : this.afterFailure(error);
    }
  }

  /**
   * Watches from a version on, or, without one, begins with the whole list in the same stream. Returns
   * how long to wait before the next watch, in ms: a server that ends them at once shall not be flooded.
   */
  private async follow(version: string | undefined, signal: AbortSignal): Promise<number> {
    const { clock, resource, random } = this.options;
    const { minWatchMs, maxWatchMs, watchGraceMs, longWatchMs, shortWatchMs } = this.timing;
    const watchMs = minWatchMs + random() * (maxWatchMs - minWatchMs);
    using life = new Deadline(watchMs + watchGraceMs, signal, () =>
      overdue(`the watch of ${resource.name} was not ended after ${watchMs + watchGraceMs} ms`),
    );
    const startMs = clock.monotonicMs();
    let events: number;
    try {
      events = await this.readWatch(watchPath(resource, version, watchMs), version, life.signal);
    } finally {
      if (clock.monotonicMs() - startMs >= longWatchMs) this.failures = 0;
    }
    const restMs = Math.max(0, shortWatchMs - (clock.monotonicMs() - startMs));
    if (events === 0 && restMs > 0) throw reset(`the watch of ${resource.name} ended at once`);
    return restMs;
  }

  /** Returns how many events came. */
  private async readWatch(
    path: string,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<number> {
    const { client, resource } = this.options;
    const { headersTimeoutMs, streamSilenceMs } = this.timing;
    using silence = new Deadline(streamSilenceMs, signal, () =>
      overdue(`the streamed list of ${resource.name} was silent for ${streamSilenceMs} ms`, SILENT),
    );
    silence.stop();
    let relist = version === undefined ? new Relist(this.mirror) : undefined;
    const accept = resource.watchAccept;
    const body = await client.open({ path, accept, headersTimeoutMs, signal: silence.signal });
    this.opened = true;
    this.letIn();
    if (relist) silence.restart();
    let events = 0;
    for await (const event of watchEvents(sparingOthers(body), MAX_OBJECT_BYTES)) {
      events++;
      if (event.type === 'error') throw event.error;
      if (!relist) {
        this.apply(event);
      } else if (event.type === 'bookmark' && event.endsInitialEvents) {
        silence.stop();
        this.listed(relist, event.version);
        relist = undefined;
      } else {
        silence.restart();
        relist.apply(event);
      }
    }
    if (relist) throw reset(`the streamed list of ${resource.name} ended before it was whole`);
    return events;
  }

  private apply(event: ObjectEvent): void {
    if (event.type === 'changed') this.mirror.upsert(event.object);
    else if (event.type === 'deleted') this.mirror.remove(event.object);
    if (event.version !== '') this.version = event.version;
    this.failures = 0;
    this.trouble.over();
  }

  private async pageList(signal: AbortSignal): Promise<void> {
    const { name } = this.options.resource;
    const { listTimeoutMs } = this.timing;
    let relist = new Relist(this.mirror);
    let query: PageQuery = {
      limit: PAGE_SIZE,
      ...(this.consistent ? {} : { resourceVersion: '0' }),
    };
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      using life = new Deadline(listTimeoutMs, signal, () =>
        overdue(`the list of ${name} was not complete after ${listTimeoutMs} ms`),
      );
      const page = await this.readPage(query, relist, life.signal);
      if (page === 'expired') {
        // The pages before are of a version that is gone: all at once, then, and what they showed may be gone, too.
        relist = new Relist(this.mirror);
        query = {};
      } else if (page.continueToken === '') {
        this.listed(relist, page.resourceVersion);
        return;
      } else {
        query = { limit: PAGE_SIZE, continueToken: page.continueToken };
      }
    }
    throw new KubeError(`Cannot list ${name}: more than ${MAX_PAGES} pages`, { kind: 'too-large' });
  }

  private async readPage(
    query: PageQuery,
    relist: Relist,
    signal: AbortSignal,
  ): Promise<ListMetadata | 'expired'> {
    const { client, resource } = this.options;
    let decoder: ListDecoder | ProtobufListDecoder | undefined;
    try {
      const body = await client.open({
        path: listPath(resource, query),
        accept: resource.listAccept,
        headersTimeoutMs: this.timing.headersTimeoutMs,
        signal,
      });
      this.letIn();
      for await (const chunk of sparingOthers(body)) {
        if (chunk.length === 0) continue;
        decoder ??= decoderOf(chunk);
        for (const item of decoder.write(chunk)) relist.show(item);
      }
    } catch (error) {
      const continued = query.continueToken !== undefined;
      if (continued && error instanceof KubeError && error.status === 410) return 'expired';
      throw error;
    }
    return (decoder ?? new ListDecoder(MAX_OBJECT_BYTES)).end();
  }

  /** The list was whole. */
  private listed(relist: Relist, version: string): void {
    if (version === '')
      throw new KubeError('Cannot use a list without resourceVersion', { kind: 'malformed' });
    relist.finish();
    this.version = version;
    this.consistent = false;
    this.streamFailures = 0;
    this.trouble.over();
    if (this.isSynced) return;
    this.isSynced = true;
    this.whole.resolve(undefined);
  }

  private afterFailure(error: unknown): number {
    const status = error instanceof KubeError ? error.status : 0;
    const answering = this.answeringAt(error, status);
    this.report(error, answering);
    if (this.version === undefined && this.streams) {
      if (NO_STREAM_STATUS.has(status) || isSilence(error)) {
        this.listPageByPage(error);
        return 0;
      }
      if (!this.isOutage(error) && ++this.streamFailures >= MAX_STREAM_FAILURES)
        this.listPageByPage(error);
    }
    this.count(answering);
    this.tell(error, status);
    if (LOST_PLACE_STATUS.has(status) || this.doubtsPlace(error)) {
      this.version = undefined;
      this.consistent = true;
    }
    return this.waitMsAfter(error);
  }

  private letIn(): void {
    if (this.answering !== 'there') this.failures = 0;
    this.answering = 'there';
    this.refusals = 0;
    this.options.follower?.follows();
  }

  private answeringAt(error: unknown, status: number): Answering {
    if (this.opened) return 'there';
    if (isOutOfReach(error)) {
      this.refusals = 0;
      return 'away';
    }
    if (status !== 401 && status !== 403) return 'there';
    this.refusals++;
    return this.refusals <= MAX_EARLY_REFUSALS ? 'beginning' : 'there';
  }

  /** What ends a watch that had begun says nothing of the next one, and a mistake of ours says nothing at all. */
  private report(error: unknown, answering: Answering): void {
    const { follower } = this.options;
    if (this.opened || !(error instanceof KubeError)) return;
    if (answering === 'there') follower?.refused();
    else follower?.lost();
  }

  private count(answering: Answering): void {
    // A server that is back has not failed as often as it was away.
    if (this.answering !== 'there' && this.answering !== answering) this.failures = 0;
    this.answering = answering;
    this.failures++;
  }

  private waitMsAfter(error: unknown): number {
    const { backoff, unreachableBackoff } = this.timing;
    const limits = this.answering === 'there' ? backoff : unreachableBackoff;
    const retryAfterMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(
      backoffMs(this.failures, limits, this.options.random),
      Math.min(retryAfterMs, MAX_RETRY_AFTER_MS),
    );
  }

  /** Nothing to do with what was asked for; silence may have. */
  private isOutage(error: unknown): boolean {
    if (!(error instanceof KubeError)) return false;
    const away = !this.opened && isOutOfReach(error) && error.kind !== 'timeout';
    return away || [401, 403, 429].includes(error.status);
  }

  private doubtsPlace(error: unknown): boolean {
    const answered = this.opened || (error instanceof KubeError && error.kind === 'status');
    return answered && !this.isOutage(error) && this.failures % RELIST_AFTER_FAILURES === 0;
  }

  private listPageByPage(err: unknown): void {
    this.streams = false;
    const { log, resource } = this.options;
    log.info({ err, resource: resource.name }, 'Could not stream list, lists page by page');
  }

  /**
   * A watch that is cut, or whose version has grown too old, is daily life, and so is a kube-apiserver that begins;
   * the same again and again is not.
   */
  private tell(err: unknown, status: number): void {
    const { log, resource } = this.options;
    const cut = this.opened && err instanceof KubeError && err.kind === 'reset';
    const expired = this.version !== undefined && status === 410;
    if (this.failures < TELL_AFTER_FAILURES && (cut || expired)) {
      log.debug({ err, resource: resource.name }, 'Watch of resource ended');
    } else if (this.answering === 'beginning') {
      log.debug({ err, resource: resource.name }, 'Not yet allowed to follow resource');
    } else {
      this.trouble.tell(err);
    }
  }
}

/** Of a list that begins so: all that is protobuf begins with the same letter, and no JSON does. */
function decoderOf(chunk: Uint8Array): ListDecoder | ProtobufListDecoder {
  const Decoder = chunk[0] === PROTOBUF_BEGIN ? ProtobufListDecoder : ListDecoder;
  return new Decoder(MAX_OBJECT_BYTES);
}

function isSilence(error: unknown): boolean {
  return error instanceof KubeError && error.reason === SILENT;
}

function overdue(what: string, reason = ''): KubeError {
  return new KubeError(`Cannot go on: ${what}`, { kind: 'timeout', reason });
}

function reset(what: string): KubeError {
  return new KubeError(`Cannot go on: ${what}`, { kind: 'reset' });
}
