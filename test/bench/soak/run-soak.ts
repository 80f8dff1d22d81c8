import { mkdirSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Children } from '../children.ts';
import { findMeans } from '../launch.ts';
import { machine } from '../machine.ts';
import { ourServer } from '../run-compare.ts';
import { startServer } from '../server-run.ts';
import type { ClusterLine, SoakAddress } from './cluster-lines.ts';
import { Clients } from './clients.ts';
import { SOAK_HELP, parseSoakWords } from './options.ts';
import { soakText } from './report.ts';
import { exactCheckOf, soak } from './soak.ts';

/** The least that is allowed, so that as much as possible happens. */
const RESOLUTION_S = 10;
const FLAGS = [`--metric-resolution=${RESOLUTION_S}s`, '--kubelet-request-timeout=3s'];
/** Before it is asked for everything, a server may have seen its cluster once. */
const FIRST_LOOK_MS = 4_000;

/** `npm run bench -- soak`. Returns whether all bounds were kept. */
export async function runSoak(
  words: readonly string[],
  progress: (line: string) => void,
  say: (text: string) => void,
): Promise<boolean> {
  const options = parseSoakWords(words);
  if (options.help) {
    say(SOAK_HELP);
    return true;
  }
  const { nodes, podsPerNode, minutes, snapshotFolder } = options;
  if (snapshotFolder !== undefined) mkdirSync(snapshotFolder, { recursive: true });
  const own = ourServer(options);
  const [node = process.execPath, ...rest] = own.command;
  await using house = new AsyncDisposableStack();
  // Nothing is timed, so that nobody needs a processor of their own.
  const means = { ...findMeans(), pins: undefined };
  progress('soak: starting the kubelets');
  const cluster = new Children(undefined, house).startScript(
    'soak/cluster-process.ts',
    [String(nodes), String(podsPerNode)],
    'lines',
  );
  if (!cluster.stdout) throw new Error('Cannot read from a process without standard output');
  const lines = createInterface(cluster.stdout)[Symbol.asyncIterator]();
  const address = JSON.parse(String((await lines.next()).value)) as SoakAddress;
  const clients: { of?: Clients } = {};
  const exact = exactCheckOf(address.handOverPort, RESOLUTION_S * 1000, () => clients.of);
  await exact.begin();
  progress('soak: starting the server');
  const command = [node, '--inspect-port=127.0.0.1:0', ...rest, ...FLAGS];
  const server = await startServer({ ...own, command }, address, means, house);
  clients.of = new Clients(server.port, address);
  await sleep(FIRST_LOOK_MS);
  const stage = { ...server, clients: clients.of, exact, clusterLines: parsed(lines) };
  const report = await soak(stage, { minutes, snapshotFolder }, progress);
  const heading = `${machine()}; ${nodes} nodes x ${podsPerNode} pods, ${minutes} minutes`;
  say(`${soakText(report, heading)}\n`);
  return report.isPassed;
}

async function* parsed(lines: AsyncIterator<string>): AsyncGenerator<ClusterLine> {
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    yield JSON.parse(line.value) as ClusterLine;
  }
}
