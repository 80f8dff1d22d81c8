// `npm run conformance`: README.md in this folder.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { systemClock } from '../../src/clock.ts';
import { takeResults } from '../support/results.ts';
import type { Address } from './ask.ts';
import { DEVIATIONS } from './deviations.ts';
import { type Exchange, ExchangesError, OWN_EXCHANGES, readExchanges } from './exchanges.ts';
import { type Secrets, makeSecrets, readSecrets, writeSecrets } from './identities.ts';
import { HELP, type Options, UsageError, parseOptions } from './options.ts';
import { replayOnOwnServers } from './own-servers.ts';
import { NoFiguresError, type Replay, type ReplaySpec, replay } from './replay.ts';
import { outcomeTable, unusedDeviations, wrongAnswer } from './report.ts';
import { clusterFlags, recordedFlags, startRecordedCluster } from './surroundings.ts';

const RESOLUTION_MS = 15_000;

const leaveResults = takeResults(process.env);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** @throws ExchangesError when a filter leaves nothing. */
function chosenExchanges({ exchanges, topics, ids }: Options): readonly Exchange[] {
  const all = readExchanges(exchanges);
  const missing = [
    ...topics.filter((topic) => !all.some((exchange) => exchange.topic === topic)),
    ...ids.filter((id) => !all.some((exchange) => exchange.id === id)),
  ];
  if (missing.length > 0) {
    const known = [...new Set(all.map(({ topic }) => topic))].join(', ');
    throw new ExchangesError([
      `"${exchanges}": there is no topic or id ${missing.join(', ')}; the topics are ${known}`,
    ]);
  }
  return all.filter(
    ({ topic, id }) =>
      (topics.length === 0 || topics.includes(topic)) && (ids.length === 0 || ids.includes(id)),
  );
}

async function replayOnTarget(
  address: Address,
  options: Options,
  spec: ReplaySpec,
): Promise<ReadonlyMap<string, Replay>> {
  const secrets = await secretsIn(options.identities);
  const found = await replay({ address, secrets }, spec);
  return new Map([[`https://${address.host}:${address.port}`, found]]);
}

/** @throws UsageError naming the file that cannot be read. */
async function secretsIn(folder: string): Promise<Secrets> {
  try {
    return await readSecrets(folder);
  } catch (error) {
    if (!Error.isError(error)) throw error;
    throw new UsageError(`--identities: ${error.message}`, { cause: error });
  }
}

async function replayAll(options: Options): Promise<number> {
  const deviations = options.deviations ? DEVIATIONS : [];
  const spec = { exchanges: chosenExchanges(options), deviations };
  const replays =
    options.target === undefined
      ? await replayOnOwnServers(options.sources, spec)
      : await replayOnTarget(options.target, options, spec);
  const verdicts = [...replays].flatMap(([name, { verdicts: found, durationMs }]) => {
    const late = durationMs > RESOLUTION_MS ? ', longer than one resolution' : '';
    say(
      `== Figures from ${name}: ${found.length} exchanges in ${(durationMs / 1000).toFixed(1)} s${late}\n`,
    );
    for (const verdict of found) if (verdict.outcome === 'wrong') say(`${wrongAnswer(verdict)}\n`);
    say(`${outcomeTable(found)}\n`);
    return found;
  });
  const isWhole =
    options.exchanges === OWN_EXCHANGES &&
    spec.exchanges.length === readExchanges(OWN_EXCHANGES).length;
  const unused = isWhole ? unusedDeviations(deviations, verdicts) : [];
  for (const name of unused)
    say(`WRONG  the deviation "${name}" is listed, and no exchange shows it\n`);
  const failed = verdicts.filter(({ outcome }) => outcome === 'wrong').length + unused.length;
  const passed = verdicts.length + unused.length - failed;
  leaveResults({ passed, failed });
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function runClusterOnly({ identities }: Options): Promise<number> {
  const ended = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.once(signal, () => {
        done();
      });
  });
  await using cluster = await startRecordedCluster();
  await writeSecrets(identities, makeSecrets(cluster, systemClock.nowMs()));
  const kubeconfig = join(identities, 'metrics-server.kubeconfig');
  const certDir = join(identities, 'serving');
  await mkdir(certDir, { recursive: true });
  await writeFile(kubeconfig, cluster.kubeconfig('metrics-server'), { mode: 0o600 });
  await writeFile(join(identities, 'kubeconfig'), cluster.kubeconfig('admin'), { mode: 0o600 });
  const flags = [...recordedFlags(14_443), ...clusterFlags(kubeconfig, certDir)];
  say(
    [
      `The recorded world runs: kube-apiserver ${cluster.url}, as admin: KUBECONFIG=${join(identities, 'kubeconfig')}`,
      '',
      'Start the server to be judged, one only (a kubelet gives its first answer once):',
      `  metrics-server ${flags.join(' ')}`,
      'and within 15 s of its second scrape:',
      `  npm run conformance -- --target=https://127.0.0.1:14443 --identities=${identities}`,
      '(it waits for the second scrape itself). Ctrl-C ends the cluster.',
    ].join('\n'),
  );
  await ended;
  return 0;
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  return options.clusterOnly ? runClusterOnly(options) : replayAll(options);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isForPeople = [UsageError, ExchangesError, NoFiguresError].some(
    (kind) => error instanceof kind,
  );
  if (!isForPeople || !(error instanceof Error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
