import { setTimeout as sleep } from 'node:timers/promises';
import type { Size } from './bench-world.ts';
import type { ClusterAddress } from './cluster-address.ts';
import { type Contestant, RESOLUTION_S, watched } from './contestant.ts';
import type { ExactCheck } from './exact/exact-check.ts';
import { beginFigureCheck } from './figure-check.ts';
import type { FigureName, Figures, ListName, LoopPart, SmallName } from './figures.ts';
import { API, NotServedError, firstFigures, podPath, sampleOf } from './first-figures.ts';
import { LateTimers } from '../support/late-timers.ts';
import type { Means } from './launch.ts';
import type { Load, LoadResult } from './load.ts';
import { readCpuMs, readMemory } from './proc.ts';
import { type RunningServer, startServer } from './server-run.ts';
import { quantile, usualQuantile } from './statistics.ts';

/** How long the parts of a run take; all of them but the wait for the first figures. */
export interface Pace {
  /** Not before so long after the start is a server at rest. */
  readonly settledAfterS: number;
  /** Whole resolutions at rest, before the lists and after them; none is measured where it is 0. */
  readonly rest: number;
  readonly restAfter: number;
  /** Whole resolutions in which one pod is asked for. */
  readonly podRounds: number;
  /** Whether ours runs with somebody who watches its event loop closely, which costs a millicore. */
  readonly watchesLoop: boolean;
  /** Each kind of request, before it is measured: code that has never run is slow in one of the two servers only. */
  readonly warmUpS: number;
  /** The two large lists, together; each of the other ones; each of the small requests. */
  readonly largeListsS: number;
  readonly listS: number;
  readonly smallS: number;
}

/** What a full comparison takes its time for: where lists are large. */
export function fullPace({ nodes, podsPerNode }: Size): Pace {
  const pods = nodes * podsPerNode;
  const isLarge = pods >= LARGE_PODS;
  return {
    settledAfterS: 30,
    rest: 2,
    restAfter: pods >= MEDIUM_PODS ? 2 : 1,
    podRounds: 1,
    watchesLoop: nodes >= LARGE_NODES,
    warmUpS: 2,
    largeListsS: isLarge ? RESOLUTION_S : 6,
    listS: isLarge ? 3 : 1.5,
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
/** So often are lists asked for in clusters below LARGE_PODS, as people and programs may; in others one after the other. */
const LIST_EVERY_MS = 150;
/** Into so many parts is that time cut, so that one moment does not decide. */
const POD_PARTS = 5;
const CONNECTIONS = 8;
const FEWEST = 3;
const SAMPLE_PODS = 200;
/** From so many on, rests and lists are measured for longer. */
const MEDIUM_PODS = 1_000;
const LARGE_PODS = 10_000;
/** From so many on, a millicore more or less does not count. */
const LARGE_NODES = 5_000;

/** What one life of one server showed. */
export interface Life {
  readonly figures: Figures;
  /** Why it ended before everything was measured; undefined of a whole one. */
  readonly problem: string | undefined;
}

/** One life of one server, from its start to its end: everything that is measured of it. */
export async function measureRun(spec: RunSpec): Promise<Life> {
  await using house = new AsyncDisposableStack();
  const { contestant, cluster, means, progress } = spec;
  progress('starting');
  const running: { server?: RunningServer } = {};
  const check = contestant.isOurs
    ? await beginFigureCheck(cluster.address, () => {
        if (!running.server) throw new Error('Cannot check figures before there is a server');
        return running.server.client;
      })
    : undefined;
  const watchesLoop = contestant.isOurs && spec.pace.watchesLoop;
  const started = watchesLoop ? watched(contestant) : contestant;
  running.server = await startServer(started, cluster.address, means, house);
  const run = new Run(spec, running.server, check, house.use(new LateTimers()));
  try {
    await run.start();
  } catch (error) {
    if (!(error instanceof NotServedError)) throw error;
    return { figures: run.close(), problem: error.message };
  }
  await run.rest('Young', spec.pace.rest);
  run.memory('Minute');
  await run.loopDelay('Rest');
  await run.check();
  await run.podDuringRounds();
  await run.lists();
  await run.check();
  await run.smallRequests();
  run.memory('Lists');
  await run.loopDelay('Lists');
  await run.rest('', spec.pace.restAfter);
  await run.check();
  return { figures: run.close(), problem: undefined };
}

type Wanted = Partial<Load> & Pick<Load, 'paths' | 'forMs'>;

interface Served extends LoadResult {
  /** CPU of the server for one answer, beyond what it needs at rest. */
  readonly cpuMs: number;
}

class Run {
  readonly #spec: RunSpec;
  readonly #server: RunningServer;
  readonly #figures = new Map<FigureName, number>();
  readonly #pods: readonly string[];
  readonly #clusterStart: { readonly cpuMs: number; readonly atMs: number };
  readonly #check: ExactCheck | undefined;
  readonly #ownTimers: LateTimers;
  #failures = 0;
  #clientBusy = 0;

  constructor(
    spec: RunSpec,
    server: RunningServer,
    check: ExactCheck | undefined,
    ownTimers: LateTimers,
  ) {
    this.#spec = spec;
    this.#check = check;
    this.#ownTimers = ownTimers;
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
    this.#clusterCpu('clusterStartMillicores');
    this.#set('secondsToListen', (listeningMs - startedMs) / 1000);
    this.#set('secondsToNodes', (nodesMs - startedMs) / 1000);
    this.#set('secondsToPods', (podsMs - startedMs) / 1000);
    await this.loopDelay('Start');
    await this.#until(startedMs + this.#spec.pace.settledAfterS * 1000);
  }

  /** Some of all served figures against what the kubelets answered; of our server only. */
  async check(): Promise<void> {
    await this.#check?.check();
  }

  /** CPU of whole resolutions in which nobody asks. */
  async rest(when: 'Young' | '', wanted: number): Promise<void> {
    if (wanted === 0) return;
    const { cluster, progress } = this.#spec;
    const { pid } = this.#server;
    progress(`at rest, ${wanted * RESOLUTION_S} s`);
    const cpuMs = readCpuMs(pid);
    const fromMs = performance.now();
    await this.#until(fromMs + wanted * RESOLUTION_S * 1000);
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

  /** The longest since it was asked for last, and our own; only where a server tells it, or somebody watches it. */
  async loopDelay(part: LoopPart): Promise<void> {
    if (!this.#spec.contestant.isOurs) return;
    const { body } = await this.#server.client.fetch('/metrics');
    this.#set(`benchDelay${part}`, this.#ownTimers.take());
    const [, seconds] = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(body) ?? [];
    const delayMs = Number(seconds) * 1000; // NaN while its first second is not over
    if (!Number.isNaN(delayMs)) this.#set(`loopDelay${part}`, delayMs);
    if (this.#spec.pace.watchesLoop) {
      this.#set(`loopBlock${part}`, await this.#server.longestDelayMs());
    }
  }

  async podDuringRounds(): Promise<void> {
    const { pace, progress } = this.#spec;
    if (pace.podRounds === 0) return;
    progress('one pod, during rounds');
    const { latenciesMs } = await this.#load({
      paths: this.#pods.map((pod) => podPath(pod)),
      forMs: pace.podRounds * RESOLUTION_S * 1000,
      everyMs: POD_EVERY_MS,
      countsWaiting: true,
    });
    this.#set('podRoundP50', quantile(latenciesMs, 0.5));
    this.#set('podRoundP99', quantile(latenciesMs, 0.99));
    this.#set('podRoundUsualP99', usualQuantile(latenciesMs, 0.99, POD_PARTS));
    this.#set('podRoundMax', quantile(latenciesMs, 1));
  }

  async lists(): Promise<void> {
    const { pace, cluster } = this.#spec;
    const all = `${API}/pods`;
    const namespace = `${API}/namespaces/${cluster.address.selected.namespace}/pods`;
    const largeMs = (pace.largeListsS * 1000) / 2;
    const everyMs = cluster.address.pods >= LARGE_PODS ? 0 : LIST_EVERY_MS;
    const large = { paths: [all], forMs: largeMs, everyMs };
    await this.#list('allJson', { ...large, accept: JSON_TYPE });
    await this.#list('allProtobuf', { ...large, accept: PROTOBUF });
    const small = { forMs: pace.listS * 1000, everyMs };
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
    const selected = [`${API}/namespaces/${namespace}/pods?${query}`];
    this.#set('selectorMb', (await this.#perSecond('selector', selected)).bytes / 1e6);
    await this.#perSecond(
      'pod',
      this.#pods.map((pod) => podPath(pod)),
    );
    await this.#perSecond('readyz', ['/readyz']);
  }

  /** What is known at its end. */
  close(): Figures {
    this.#clusterCpu('clusterMillicores');
    this.#set('residentPeak', readMemory(this.#server.pid).peak);
    this.#set('failures', this.#failures);
    this.#tellChecked();
    this.#set('clientBusy', this.#clientBusy * 100);
    return this.#figures;
  }

  /** Since the server was started: near 1,000 it is the cluster that was measured. */
  #clusterCpu(name: 'clusterStartMillicores' | 'clusterMillicores'): void {
    const { cpuMs, atMs } = this.#clusterStart;
    const spentMs = readCpuMs(this.#spec.cluster.pid) - cpuMs;
    this.#set(name, (spentMs * 1000) / (performance.now() - atMs));
  }

  #tellChecked(): void {
    if (!this.#check) return;
    const { checked, wrong, complaints, medianError } = this.#check.figures();
    this.#set('checkedFigures', checked);
    this.#set('wrongFigures', wrong);
    this.#set('figureError', medianError * 100);
    for (const complaint of complaints) this.#spec.progress(complaint);
  }

  async #list(name: ListName, load: Wanted): Promise<Served> {
    this.#spec.progress(`list: ${name}`);
    const { latenciesMs } = await this.#warmUp(load);
    this.#set(`${name}First`, latenciesMs[0] ?? Number.NaN);
    const result = await this.#load(load);
    this.#set(`${name}P50`, quantile(result.latenciesMs, 0.5));
    this.#set(`${name}P99`, quantile(result.latenciesMs, 0.99));
    this.#set(`${name}Mb`, result.bytes / 1e6);
    this.#set(`${name}Cpu`, result.cpuMs);
    return result;
  }

  async #perSecond(name: SmallName, paths: readonly string[]): Promise<Served> {
    this.#spec.progress(`small requests: ${name}`);
    const forMs = this.#spec.pace.smallS * 1000;
    const load = { paths, forMs, connections: CONNECTIONS };
    await this.#warmUp(load);
    const result = await this.#load(load);
    this.#clientBusy = Math.max(this.#clientBusy, result.clientBusy);
    this.#set(`${name}PerSecond`, result.latenciesMs.length / result.seconds);
    this.#set(`${name}Cpu`, result.cpuMs);
    return result;
  }

  #warmUp(load: Wanted): Promise<Served> {
    return this.#load({ ...load, forMs: this.#spec.pace.warmUpS * 1000, atLeast: 1 });
  }

  async #load(load: Wanted): Promise<Served> {
    await this.#server.check();
    const { pid } = this.#server;
    const cpuMs = readCpuMs(pid);
    const result = await this.#server.client.load({
      ...{ accept: JSON_TYPE, connections: 1, atLeast: FEWEST, everyMs: 0 },
      ...{ countsWaiting: false, isPaged: false },
      ...load,
    });
    this.#failures += result.failures;
    const restMs = (this.#figures.get('millicoresYoung') ?? 0) * result.seconds;
    const spentMs = Math.max(0, readCpuMs(pid) - cpuMs - restMs);
    return { ...result, cpuMs: spentMs / result.latenciesMs.length };
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
