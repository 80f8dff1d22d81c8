// `npm run bench`: what each step costs, as Markdown tables. `-- decode store list round` chooses some,
// `-- --quick` shortens the rounds, `-- --write` also puts the tables into docs/benchmarks.md.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { benchDecode } from './decode.ts';
import { benchList } from './list.ts';
import { type RoundScenario, type Spread, benchRound } from './round.ts';
import { benchStore } from './store.ts';

type Row = readonly (string | number)[];

const ROUNDS: readonly RoundScenario[] = [
  { nodes: 3, podsPerNode: 10, rounds: 4 },
  { nodes: 100, podsPerNode: 70, rounds: 4 },
  { nodes: 1_000, podsPerNode: 30, rounds: 4 },
];

const DOCUMENT = new URL('../../docs/benchmarks.md', import.meta.url);

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
  else if (!/, \d+ s left$/.test(line)) process.stderr.write(`${line}\n`);
}

function table(head: readonly string[], rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** Three significant digits, thousands apart. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en', { maximumSignificantDigits: 3 });
}

function spread({ p50, p99 }: Spread): string {
  return `${figure(p50)} / ${figure(p99)}`;
}

function decode(): string {
  progress('decode');
  const rows = benchDecode().map(({ name, figures }): Row => {
    const { bytes, microseconds, megabytesPerSecond, allocatedKilobytes } = figures;
    return [
      name,
      ...[bytes / 1000, microseconds, megabytesPerSecond, allocatedKilobytes].map(figure),
    ];
  });
  const head = ['answer of 30 pods', 'kB', 'µs', 'MB/s', 'allocated kB'];
  return `## Decode\n\n${table(head, rows)}`;
}

function store(): string {
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
  return `## Store\n\n${table(head, rows)}`;
}

async function list(): Promise<string> {
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
  return `## List\n\n${table(head, rows)}`;
}

async function round(isQuick: boolean): Promise<string> {
  const rows: Row[] = [];
  for (const scenario of ROUNDS) {
    const one = await benchRound(isQuick ? { ...scenario, rounds: 1 } : scenario, progress);
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
  return `## Whole rounds, TLS, kubelets and kube-apiserver in another process\n\n${table(head, rows)}`;
}

function machine(): string {
  const [cpu] = cpus();
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' });
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, commit ${commit.trim()}, Node ${process.versions.node}, ${cpus().length} x ${cpu?.model ?? 'unknown'}, ${memory}`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, write: { type: 'boolean' } },
});
const parts = new Map<string, () => string | Promise<string>>([
  ['decode', decode],
  ['store', store],
  ['list', list],
  ['round', () => round(values.quick === true)],
]);
const chosen = positionals.length === 0 ? [...parts.keys()] : positionals;
const unknown = chosen.filter((name) => !parts.has(name));
if (unknown.length > 0) {
  process.stderr.write(
    `Cannot measure ${unknown.join(', ')}: expected ${[...parts.keys()].join(', ')}\n`,
  );
  process.exit(2);
}
const sections = [machine()];
for (const name of chosen) sections.push((await parts.get(name)?.()) ?? '');
progress('');
const report = `${sections.join('\n\n')}\n`;
process.stdout.write(report);
if (values.write === true) {
  const [before = '', rest = ''] = readFileSync(DOCUMENT, 'utf8').split(
    '<!-- generated: bench -->\n',
  );
  const [, after = ''] = rest.split('<!-- end: bench -->');
  writeFileSync(
    DOCUMENT,
    `${before}<!-- generated: bench -->\n${report}<!-- end: bench -->${after}`,
  );
}
