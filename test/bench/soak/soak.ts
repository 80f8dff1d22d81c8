import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExactCheck, type ExactFigures } from '../exact/exact-check.ts';
import { fetchHandOver } from '../exact/hand-over.ts';
import type { Clients } from './clients.ts';
import { type Tally, type WrongAnswer } from './clients.ts';
import type { ClusterLine } from './cluster-lines.ts';
import { Inspector } from './inspector.ts';
import { type HeapSight, type Row, type Sight, compareEnds } from './verdict.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Where heap snapshots of the middle and the end are written; undefined: none are. */
  readonly snapshotFolder: string | undefined;
}

/** The server that is watched, and the cluster around it. */
export interface Stage {
  readonly pid: number;
  readonly readLog: () => Promise<string>;
  /** Rejects when the server has ended by itself. */
  readonly check: () => Promise<void>;
  /** What the cluster's process tells after its first line. */
  readonly clusterLines: AsyncIterable<ClusterLine>;
  readonly exact: ExactCheck;
  readonly clients: Clients;
}

export interface SoakReport {
  readonly rows: readonly Row[];
  readonly exact: ExactFigures;
  readonly tallies: readonly Tally[];
  readonly wrong: readonly WrongAnswer[];
  readonly last: ClusterLine | undefined;
  readonly longestDelayMs: number;
  readonly isPassed: boolean;
}

const SIGHT_EVERY_MS = 5_000;
const BYTES_PER_MB = 1e6;
const BYTES_PER_KB = 1024;

/** Reads lists through the clients, which there are once the server listens; `begin` before that. */
export function exactCheckOf(
  handOverPort: number,
  resolutionMs: number,
  clients: () => Clients | undefined,
): ExactCheck {
  return new ExactCheck({
    resolutionMs,
    handOver: (from) => fetchHandOver(handOverPort, from),
    list: async (resource) => {
      const path = `/apis/metrics.k8s.io/v1beta1/${resource}`;
      const { code = 0, body = '' } = (await clients()?.ask(path, { wantsWhole: true })) ?? {};
      if (code !== 200) throw new Error(`Cannot check figures: ${resource} are answered ${code}`);
      return JSON.parse(body) as unknown;
    },
  });
}

/** Watches a server that is asked for everything while its cluster changes all the time. */
export async function soak(
  stage: Stage,
  { minutes, snapshotFolder }: SoakOptions,
  progress: (line: string) => void,
): Promise<SoakReport> {
  const durationMs = minutes * 60_000;
  const { clients, exact, pid } = stage;
  const startMs = performance.now();
  const ending = new AbortController();
  let last: ClusterLine | undefined;
  const learn = async (): Promise<void> => {
    for await (const line of stage.clusterLines) {
      last = line;
      clients.learn(line);
    }
  };
  // It ends with the cluster, after us.
  const learning = learn();
  using inspector = await Inspector.open(pid, stage.readLog);
  const asking = clients.run(ending.signal);
  const sights: Sight[] = [];
  let heapMiddle: HeapSight | undefined;
  try {
    for (let atMs = 0; atMs < durationMs; atMs = performance.now() - startMs) {
      await sleep(SIGHT_EVERY_MS);
      await stage.check();
      await exact.check();
      const sight = await look(stage, performance.now() - startMs);
      const words = wordsOf(sight, exact.figures());
      const minute = Math.floor(sight.atMs / 60_000);
      const isNextMinute = minute > Math.floor((sights.at(-1)?.atMs ?? 0) / 60_000);
      sights.push(sight);
      const leftS = Math.max(0, Math.round((durationMs - sight.atMs) / 1000));
      progress(
        isNextMinute ? `soak, minute ${minute}: ${words}` : `soak: ${words}, ${leftS} s left`,
      );
      // After the window of the middle, in which nothing is to disturb.
      if (heapMiddle === undefined && sight.atMs > 0.56 * durationMs) {
        heapMiddle = await heapOf(inspector, snapshotFolder, 'middle');
      }
    }
  } finally {
    ending.abort();
  }
  await Promise.race([asking, learning]);
  const heapEnd = await heapOf(inspector, snapshotFolder, 'end');
  const rows = compareEnds({ sights, durationMs, heapMiddle: heapMiddle ?? heapEnd, heapEnd });
  const [figures, wrong] = [exact.figures(), clients.wrong()];
  return {
    rows,
    exact: figures,
    tallies: clients.tally(),
    wrong,
    last,
    longestDelayMs: Math.max(...sights.map(({ loopDelayMs }) => loopDelayMs)),
    isPassed:
      rows.every(({ isKept }) => isKept) &&
      wrong.length === 0 &&
      figures.wrong === 0 &&
      figures.checked > 0,
  };
}

async function heapOf(
  inspector: Inspector,
  folder: string | undefined,
  name: string,
): Promise<HeapSight> {
  const { used, backing } = await inspector.liveHeap();
  if (folder !== undefined) {
    const file = openSync(join(folder, `${name}.heapsnapshot`), 'w');
    await inspector.writeSnapshot(file);
    closeSync(file);
  }
  return { usedMb: used / BYTES_PER_MB, backingMb: backing / BYTES_PER_MB };
}

async function look({ pid, clients }: Stage, atMs: number): Promise<Sight> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string): number => {
    const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return (Number(kilobytes) * BYTES_PER_KB) / BYTES_PER_MB;
  };
  const { body } = await clients.ask('/metrics', { wantsWhole: true });
  return {
    atMs,
    residentMb: megabytes('VmRSS'),
    anonymousMb: megabytes('RssAnon'),
    heapMb: seriesOf(body, 'nodejs_heap_size_total_bytes') / BYTES_PER_MB,
    externalMb: seriesOf(body, 'nodejs_external_memory_bytes') / BYTES_PER_MB,
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    metricLines: body.split('\n').length,
    loopDelayMs: seriesOf(body, 'nodejs_eventloop_lag_max_seconds') * 1000,
  };
}

/** NaN where the page has no such series. */
function seriesOf(page: string, name: string): number {
  const [, value = 'NaN'] = new RegExp(`^${name} (\\S+)$`, 'm').exec(page) ?? [];
  return Number(value);
}

function wordsOf(sight: Sight, { checked, wrong }: ExactFigures): string {
  const megabytes = [
    `${sight.residentMb.toFixed(0)} MB resident`,
    `${sight.anonymousMb.toFixed(0)} anonymous`,
    `${sight.heapMb.toFixed(0)} heap`,
    `${sight.externalMb.toFixed(0)} external`,
  ];
  const rest = `${sight.openFiles} files, ${checked} figures checked, ${wrong} wrong`;
  return `${megabytes.join(', ')}; ${rest}`;
}
