import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { JoinedPod } from './joined-pod.ts';
import { type KubeObject, listAt, textAt } from './kube-object.ts';
import type { NodeClients } from './node-clients.ts';
import { type RemoteApi, RemoteApiError } from './remote-api.ts';
import type { SharedLoad } from './shared-load.ts';
import type { World } from './world.ts';

const PODS = '/api/v1/pods';
const RETRY_MS = 1_000;
/** The longest that setTimeout waits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** The pod changed or went while its status was on its way: an event tells. */
const OVERTAKEN: ReadonlySet<number> = new Set([404, 409]);

export interface JoinedPodsOptions {
  /** Sees the pods of all nodes. */
  readonly api: RemoteApi;
  /** Write about those of their own. */
  readonly clients: NodeClients;
  readonly world: World;
  readonly sharedLoad: (name: string) => SharedLoad;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Runs what is bound to the nodes of a world in a real API server, and writes how it is doing. */
export class JoinedPods implements AsyncDisposable {
  private readonly options: JoinedPodsOptions;
  private readonly ending = new AbortController();
  private readonly pods = new Map<string, Running>();
  private following: Promise<void> = Promise.resolve();

  constructor(options: JoinedPodsOptions) {
    this.options = options;
  }

  /** Goes on until disposed, through restarts of the API server. */
  start(): void {
    this.following = this.follow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ending.abort();
    for (const { timer } of this.pods.values()) clearTimeout(timer);
    await this.following;
  }

  private async follow(): Promise<void> {
    const { log } = this.options;
    const { signal } = this.ending;
    while (!this.isEnding()) {
      try {
        await this.listAndWatch(signal);
      } catch (error) {
        if (this.isEnding()) return;
        log.warn({ err: error }, 'The pods of the joined cluster could not be watched');
        await pause(signal);
      }
    }
  }

  private isEnding(): boolean {
    return this.ending.signal.aborted;
  }

  private async listAndWatch(signal: AbortSignal): Promise<void> {
    const { api } = this.options;
    const list = await api.get(PODS);
    const objects = listAt(list, 'items') as readonly KubeObject[];
    const present = new Set(objects.map(({ metadata }) => metadata.uid));
    for (const uid of this.pods.keys()) if (!present.has(uid)) this.forget(uid);
    for (const object of objects) this.see(object);
    let resourceVersion = textAt(list, 'metadata', 'resourceVersion');
    // A watch that the server ended is continued where it ended.
    while (!signal.aborted) {
      for await (const { type, object } of api.watch(PODS, resourceVersion, signal)) {
        resourceVersion = textAt(object, 'metadata', 'resourceVersion');
        if (type === 'DELETED') this.forget(textAt(object, 'metadata', 'uid'));
        else if (type !== 'BOOKMARK') this.see(object as KubeObject);
      }
    }
  }

  private see(object: KubeObject): void {
    const { world, sharedLoad, clock, log } = this.options;
    const { uid = '' } = object.metadata;
    if (!world.node(textAt(object, 'spec', 'nodeName'))) return;
    const running = this.pods.get(uid);
    if (textAt(object, 'metadata', 'deletionTimestamp') !== '') {
      void this.finish(object);
    } else if (!running && !isOver(object)) {
      try {
        const pod = new JoinedPod({ object, world, sharedLoad, nowMs: clock.nowMs() });
        const made: Running = { pod, timer: undefined };
        this.pods.set(uid, made);
        void this.write(made);
      } catch (error) {
        log.error({ err: error }, `The pod "${object.metadata.name}" cannot be run`);
      }
    }
  }

  private forget(uid: string): void {
    const running = this.pods.get(uid);
    if (!running) return;
    clearTimeout(running.timer);
    this.pods.delete(uid);
    running.pod.end(this.options.clock.nowMs());
  }

  /** What a kubelet does when the containers of a deleted pod have ended, which they do at once here. */
  private async finish(object: KubeObject): Promise<void> {
    const { clients, log } = this.options;
    const { namespace = '', name, uid = '' } = object.metadata;
    const { api } = clients.of(textAt(object, 'spec', 'nodeName'));
    this.forget(uid);
    try {
      await api.delete(podPath(namespace, name), {
        gracePeriodSeconds: 0,
        preconditions: { uid },
      });
    } catch (error) {
      if (error instanceof RemoteApiError && OVERTAKEN.has(error.status)) return;
      // It stays where it is, and is seen again with the next list.
      log.warn({ err: error }, `The pod "${name}" could not be deleted`);
    }
  }

  private async write(running: Running): Promise<void> {
    const { clients, clock, log } = this.options;
    const { pod } = running;
    const { api } = clients.of(pod.nodeName);
    const nowMs = Math.floor(clock.nowMs());
    let nextMs = pod.nextChangeMs(nowMs);
    try {
      await api.patch(`${podPath(pod.namespace, pod.name)}/status`, {
        metadata: { uid: pod.uid },
        status: pod.status(nowMs),
      });
    } catch (error) {
      if (error instanceof RemoteApiError && OVERTAKEN.has(error.status)) return;
      log.warn({ err: error }, `The status of pod "${pod.name}" could not be written`);
      nextMs = nowMs + RETRY_MS;
    }
    if (this.pods.get(pod.uid) !== running || this.ending.signal.aborted) return;
    if (nextMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.min(Math.max(0, nextMs - clock.nowMs()), LONGEST_TIMER_MS);
    running.timer = setTimeout(() => void this.write(running), waitMs);
  }
}

interface Running {
  readonly pod: JoinedPod;
  timer: NodeJS.Timeout | undefined;
}

/** Ends early, and quietly, with the signal. */
async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(RETRY_MS, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function isOver(object: KubeObject): boolean {
  return ['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase'));
}

function podPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}
