import { setTimeout as sleep } from 'node:timers/promises';
import type { Size } from './bench-world.ts';
import type { ClusterAddress } from './cluster-address.ts';
import { type Contestant, RESOLUTION_S } from './contestant.ts';
import type { FigureName, Figures, ListName } from './figures.ts';
import { API, firstFigures, podPath, sampleOf } from './first-figures.ts';
import type { Means } from './launch.ts';
import type { Load, LoadResult } from './load.ts';
import { readCpuMs, readMemory } from './proc.ts';
import { type RunningServer, startServer } from './server-run.ts';
import { quantile } from './statistics.ts';

/** How long the parts of a run take; all of them but the wait for the first figures. */
export interface Pace {
  /** Not before so long after the start is a server at rest. */
  readonly settledAfterS: number;
  /** Whole resolutions at rest, before the lists and after them. */
  readonly rest: number;
  /** Whole resolutions in which one pod is asked for. */
  readonly podRounds: number;
  /** The two large lists, together; each of the other ones; each of the small requests. */
  readonly largeListsS: number;
  readonly listS: number;
  readonly smallS: number;
}

/** What a full comparison takes its time for: where lists are large. */
export function fullPace({ nodes, podsPerNode }: Size): Pace {
  const isLarge = nodes * podsPerNode >= LARGE_PODS;
  return {
    settledAfterS: 30,
    rest: 2,
    podRounds: 1,
    largeListsS: isLarge ? RESOLUTION_S : 4,
    listS: isLarge ? 3 : 1,
    smallS: 3,
  };
}

/** A running simulated cluster, and what it costs. */
export interface ClusterUnderTest {
  readonly address: ClusterAddress;
  readonly pid: number;
  readonly size: Size;
}

export interface RunSpec {
  readonly contestant: Contestant;
  readonly cluster: ClusterUnderTest;
  readonly means: Means;
  readonly pace: Pace;
  readonly progress: (line: string) => void;
}

const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
/** So often is one pod asked for during rounds, ms. */
const POD_EVERY_MS = 10;
/** So often is a large list asked for. */
const LARGE_EVERY_MS = 150;
const CONNECTIONS = 8;
const FEWEST = 3;
const SAMPLE_PODS = 200;
const LARGE_PODS = 1_000;
/** What a monitor of the event loop counts of its own timer (prom-client's default, ms). */
const LOOP_TIMER_MS = 10;

/** One life of one server, from its start to its end: everything that is measured of it. */
export async function measureRun(spec: RunSpec): Promise<Figures> {
  await using house = new AsyncDisposableStack();
  const { contestant, cluster, means, progress } = spec;
  progress('starting');
  const server = await startServer(contestant, cluster.address, means, house);
  const run = new Run(spec, server);
  await run.start();
  await run.rest('Young');
  run.memory('Minute');
  await run.loopDelay('loopDelayRest');
  await run.podDuringRounds();
  await run.lists();
  await run.smallRequests();
  run.memory('Lists');
  await run.loopDelay('loopDelayLists');
  await run.rest('');
  return run.close();
}

class Run {
  readonly #spec: RunSpec;
  readonly #server: RunningServer;
  readonly #figures = new Map<FigureName, number>();
  readonly #pods: readonly string[];
  readonly #clusterStart: { readonly cpuMs: number; readonly atMs: number };
  #failures = 0;
  #clientBusy = 0;

  constructor(spec: RunSpec, server: RunningServer) {
    this.#spec = spec;
    this.#server = server;
    this.#pods = sampleOf(spec.cluster.address.steadyPods, SAMPLE_PODS);
    this.#clusterStart = { cpuMs: readCpuMs(spec.cluster.pid), atMs: performance.now() };
  }

  async start(): Promise<void> {
    const { startedMs, listeningMs, client, check } = this.#server;
    this.memory('Listening');
    this.#spec.progress('waiting for its first figures');
    const { nodesMs, podsMs } = await firstFigures(client, this.#spec.cluster.address, check);
    this.memory('Start');
    this.#set('secondsToListen', (listeningMs - startedMs) / 1000);
    this.#set('secondsToNodes', (nodesMs - startedMs) / 1000);
    this.#set('secondsToPods', (podsMs - startedMs) / 1000);
    await this.#until(startedMs + this.#spec.pace.settledAfterS * 1000);
  }

  /** CPU of whole resolutions in which nobody asks. */
  async rest(when: 'Young' | ''): Promise<void> {
    const { pace, cluster, progress } = this.#spec;
    const { pid } = this.#server;
    progress(`at rest, ${pace.rest} resolutions`);
    const cpuMs = readCpuMs(pid);
    const fromMs = performance.now();
    await this.#until(fromMs + pace.rest * RESOLUTION_S * 1000);
    const spentMs = readCpuMs(pid) - cpuMs;
    const resolutions = (performance.now() - fromMs) / 1000 / RESOLUTION_S;
    this.#set(`cpuMsPerScrape${when}`, spentMs / (cluster.size.nodes * resolutions));
    this.#set(`millicores${when}`, spentMs / (resolutions * RESOLUTION_S));
  }

  memory(when: 'Listening' | 'Start' | 'Minute' | 'Lists'): void {
    const { resident, anonymous, peak } = readMemory(this.#server.pid);
    this.#set(`resident${when}`, resident);
    this.#set(`anonymous${when}`, anonymous);
    this.#set('residentPeak', peak);
    if (when !== 'Minute') return;
    const beyond = anonymous - (this.#figures.get('anonymousListening') ?? Number.NaN);
    this.#set('bytesPerPod', (beyond * 1e6) / this.#spec.cluster.address.pods);
  }

  /** The longest since it was asked for last; only where a server tells it. */
  async loopDelay(name: 'loopDelayRest' | 'loopDelayLists'): Promise<void> {
    if (!this.#spec.contestant.hasEventLoop) return;
    const { body } = await this.#server.client.fetch('/metrics');
    const [, seconds] = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(body) ?? [];
    if (seconds !== undefined) this.#set(name, Math.max(0, Number(seconds) * 1000 - LOOP_TIMER_MS));
  }

  async podDuringRounds(): Promise<void> {
    const { pace, progress } = this.#spec;
    progress('one pod, during rounds');
    const { latenciesMs } = await this.#load({
      paths: this.#pods.map((pod) => podPath(pod)),
      forMs: pace.podRounds * RESOLUTION_S * 1000,
      everyMs: POD_EVERY_MS,
      countsWaiting: true,
    });
    this.#set('podRoundP50', quantile(latenciesMs, 0.5));
    this.#set('podRoundP99', quantile(latenciesMs, 0.99));
    this.#set('podRoundMax', quantile(latenciesMs, 1));
  }

  async lists(): Promise<void> {
    const { pace, cluster } = this.#spec;
    const all = `${API}/pods`;
    const namespace = `${API}/namespaces/${cluster.address.selected.namespace}/pods`;
    const largeMs = (pace.largeListsS * 1000) / 2;
    const large = { paths: [all], forMs: largeMs, everyMs: LARGE_EVERY_MS };
    await this.#list('allJson', { ...large, accept: JSON_TYPE });
    await this.#list('allProtobuf', { ...large, accept: PROTOBUF });
    const small = { forMs: pace.listS * 1000, everyMs: LARGE_EVERY_MS };
    await this.#list('allTable', { ...small, paths: [all], accept: TABLE });
    const pages = await this.#list('pages', {
      ...small,
      paths: [`${all}?limit=500`],
      isPaged: true,
    });
    this.#set('pageCount', pages.pages);
    await this.#list('namespaceJson', { ...small, paths: [namespace] });
    await this.#list('namespaceProtobuf', { ...small, paths: [namespace], accept: PROTOBUF });
    await this.#list('nodesJson', { ...small, paths: [`${API}/nodes`] });
  }

  async smallRequests(): Promise<void> {
    const { namespace, selector } = this.#spec.cluster.address.selected;
    const query = `labelSelector=${encodeURIComponent(selector)}`;
    await this.#perSecond('selectorPerSecond', [`${API}/namespaces/${namespace}/pods?${query}`]);
    await this.#perSecond(
      'podPerSecond',
      this.#pods.map((pod) => podPath(pod)),
    );
    await this.#perSecond('readyzPerSecond', ['/readyz']);
  }

  /** What is known at its end. */
  close(): Figures {
    const { cpuMs, atMs } = this.#clusterStart;
    const spentMs = readCpuMs(this.#spec.cluster.pid) - cpuMs;
    this.#set('clusterMillicores', (spentMs * 1000) / (performance.now() - atMs));
    this.#set('residentPeak', readMemory(this.#server.pid).peak);
    this.#set('failures', this.#failures);
    this.#set('clientBusy', this.#clientBusy * 100);
    return this.#figures;
  }

  async #list(
    name: ListName,
    load: Partial<Load> & Pick<Load, 'paths' | 'forMs'>,
  ): Promise<LoadResult> {
    this.#spec.progress(`list: ${name}`);
    const result = await this.#load(load);
    this.#set(`${name}P50`, quantile(result.latenciesMs, 0.5));
    this.#set(`${name}P99`, quantile(result.latenciesMs, 0.99));
    this.#set(`${name}Mb`, result.bytes / 1e6);
    return result;
  }

  async #perSecond(name: FigureName, paths: readonly string[]): Promise<void> {
    this.#spec.progress(name);
    const forMs = this.#spec.pace.smallS * 1000;
    const { latenciesMs, seconds, clientBusy } = await this.#load({
      ...{ paths, forMs, connections: CONNECTIONS },
    });
    this.#clientBusy = Math.max(this.#clientBusy, clientBusy);
    this.#set(name, latenciesMs.length / seconds);
  }

  async #load(load: Partial<Load> & Pick<Load, 'paths' | 'forMs'>): Promise<LoadResult> {
    await this.#server.check();
    const result = await this.#server.client.load({
      ...{ accept: JSON_TYPE, connections: 1, atLeast: FEWEST, everyMs: 0 },
      ...{ countsWaiting: false, isPaged: false },
      ...load,
    });
    this.#failures += result.failures;
    return result;
  }

  async #until(atMs: number): Promise<void> {
    const leftMs = atMs - performance.now();
    if (leftMs > 0) await sleep(leftMs);
    await this.#server.check();
  }

  #set(name: FigureName, value: number): void {
    this.#figures.set(name, value);
  }
}
