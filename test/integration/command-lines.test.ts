import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { parseOptions } from '../../src/config/options.ts';
import { toConfig } from '../../src/config/to-config.ts';
import { errorText } from '../../src/log.ts';
import { runServer } from '../../src/server.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { TRIED } from '../support/command-lines.ts';
import { LogRecorder } from '../support/log-recorder.ts';

let cluster: Cluster;
let folder: string;
let kubeconfig: string;

beforeAll(async () => {
  cluster = await createCluster({ nodes: 1, pods: 1 });
  folder = await mkdtemp(join(tmpdir(), 'command-lines-'));
  kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig('metrics-server'));
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** What the program says when it cannot start; it runs for a moment otherwise. */
async function firstError(argv: readonly string[]): Promise<string> {
  const names = new Set(argv.map((word) => word.split('=')[0]));
  const usual = [
    ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
      (name) => `--${name}=${kubeconfig}`,
    ),
    ...[`--cert-dir=${folder}`, '--secure-port=10250', '--bind-address=127.0.0.1'],
  ].filter((word) => !names.has(word.split('=')[0] ?? ''));
  const read = toConfig(parseOptions([...usual, ...argv]));
  // Any free port, where the address is one that can be listened on.
  const port = argv.some((word) => word.startsWith('--bind-address')) ? read.serving.port : 0;
  const ending = new AbortController();
  try {
    await runServer(
      { ...read, serving: { ...read.serving, port } },
      {
        log: new LogRecorder(),
        clock: systemClock,
        env: {},
        readFile: (path) => readFile(path, 'utf8'),
        platform: { name: 'linux', arch: 'x64', node: '26.0.0' },
        version: '0.0.0-test',
        onListening: () => {
          ending.abort();
        },
      },
      ending.signal,
    );
    return '';
  } catch (error) {
    return errorText(error);
  }
}

/** What is told otherwise on purpose; '' means that it runs. */
const OTHERWISE = new Map([
  [
    '--kubeconfig=/dev/null',
    'unable to construct lister client config: Cannot use kubeconfig /dev/null: expected a document, but the input is empty',
  ],
  // A certificate in memory does as well, with a warning.
  ['--cert-dir=/proc/x', ''],
  ['--cert-dir=/dev/null/x', ''],
  // Nobody writes an audit log (contradictions.ts refuses a policy with a place for the log).
  ['--audit-policy-file=/nope', ''],
  [
    '--audit-policy-file=/nope --kubeconfig=/nope2',
    'unable to construct lister client config: stat /nope2: no such file or directory',
  ],
  // Of several that are wrong another one is told first.
  ...[
    '--client-ca-file=/nope --kubeconfig=/nope',
    '--kubeconfig=/nope --client-ca-file=/nope',
    '--kubeconfig=/nope --authentication-kubeconfig=/nope',
    '--authentication-kubeconfig=/nope --kubeconfig=/nope',
    '--tls-cert-file=/nope --tls-private-key-file=/nope --kubeconfig=/nope',
  ].map(
    (line) =>
      [
        line,
        'unable to construct lister client config: stat /nope: no such file or directory',
      ] as const,
  ),
  [
    '--tls-cert-file=/nope --tls-private-key-file=/nope --client-ca-file=/nope',
    'unable to load client CA provider: open /nope: no such file or directory',
  ],
]);
/** Refused by their words already. */
const NEVER_TRIED = new Set([
  '--audit-policy-file=/nope --audit-log-path=-',
  '--kubeconfig=/nope -l a=(b',
]);

describe('a command line that the Go server could not start with', () => {
  const rows = TRIED.map(({ argv, error }) => ({ argv, error, line: argv.join(' ') }));

  test.each(rows.filter(({ line }) => !NEVER_TRIED.has(line)))(
    'ends as there: $line',
    async ({ argv, error, line }) => {
      expect((await firstError(argv)).split('\n')[0]).toBe(OTHERWISE.get(line) ?? error);
    },
  );
});
