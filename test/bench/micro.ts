import { benchDecode } from './decode.ts';
import { benchList } from './list.ts';
import { figure, table } from './markdown.ts';
import { type RoundScenario, type Spread, benchRound } from './round.ts';
import { benchStore } from './store.ts';

type Row = readonly (string | number)[];
type Progress = (line: string) => void;

const ROUNDS: readonly RoundScenario[] = [
  { nodes: 3, podsPerNode: 10, rounds: 4 },
  { nodes: 100, podsPerNode: 70, rounds: 4 },
  { nodes: 1_000, podsPerNode: 30, rounds: 4 },
];

/** The micro benches by name: each measures, and returns its section. */
export const MICRO_BENCHES: ReadonlyMap<string, (progress: Progress) => Promise<string>> = new Map([
  ['decode', decode],
  ['store', store],
  ['list', list],
  ['round', round],
]);

function spread({ p50, p99 }: Spread): string {
  return `${figure(p50)} / ${figure(p99)}`;
}

function decode(progress: Progress): Promise<string> {
  progress('decode');
  const rows = benchDecode().map(({ name, figures }): Row => {
    const { bytes, microseconds, megabytesPerSecond, allocatedKilobytes } = figures;
    return [
      name,
      ...[bytes / 1000, microseconds, megabytesPerSecond, allocatedKilobytes].map(figure),
    ];
  });
  const head = ['answer of 30 pods', 'kB', 'µs', 'MB/s', 'allocated kB'];
  return Promise.resolve(`### Decode\n\n${table(head, rows)}`);
}

function store(progress: Progress): Promise<string> {
  const rows = benchStore(progress).map((one): Row => [
    one.scenario,
    ...[
      one.pods,
      one.containers,
      one.microsPerNode,
      one.microsPerContainer,
      one.nanosPerRead,
      one.bytesPerPod,
      one.bytesPerPodRead,
    ].map(figure),
  ]);
  const head = [
    'scenario',
    'pods',
    'containers',
    'µs per node stored',
    'µs per container',
    'ns per pod read',
    'bytes per pod',
    'bytes per pod, all read',
  ];
  return Promise.resolve(`### Store\n\n${table(head, rows)}`);
}

async function list(progress: Progress): Promise<string> {
  const rows = (await benchList(progress)).map((one): Row => [
    one.scenario,
    figure(one.kilobytes),
    spread({ p50: one.p50Ms, p99: one.p99Ms }),
    ...[one.firstMs, one.requestsPerSecond, one.cpuMsPerRequest, one.longestBlockMs].map(figure),
  ]);
  const head = [
    'request (plain HTTP, loopback)',
    'kB',
    'p50 / p99 ms',
    'first after a change, ms',
    'requests/s',
    'CPU ms per request',
    'longest block, ms',
  ];
  return `### List\n\n${table(head, rows)}`;
}

async function round(progress: Progress): Promise<string> {
  const rows: Row[] = [];
  for (const scenario of ROUNDS) {
    const one = await benchRound(scenario, progress);
    rows.push([
      `${one.nodes.toLocaleString('en')} x ${scenario.podsPerNode}`,
      ...[
        one.secondsToReady,
        one.cpuMsPerScrape,
        one.millicores,
        one.residentMb,
        one.anonymousMb,
        one.residentAfterListsMb,
      ].map(figure),
      spread(one.podMs),
      `${spread(one.listMs)} (${figure(one.listBytes / 1e6)} MB)`,
    ]);
  }
  const head = [
    'nodes x pods',
    'ready after, s',
    'CPU ms per node and scrape',
    'millicores',
    'resident MB',
    'anonymous MB',
    'resident MB after lists',
    'one pod, p50 / p99 ms',
    'all pods JSON, p50 / p99 ms',
  ];
  return `### Whole rounds, TLS, kubelets and kube-apiserver in another process\n\n${table(head, rows)}`;
}
