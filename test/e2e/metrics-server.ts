import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { RemoteCluster } from '../../src/simulator/remote-api.ts';
import { type ServerProcess, startServerProcess } from '../../src/simulator/server-process.ts';
import { endsWithUs } from './last-resort.ts';
import { freePorts } from './plane.ts';

const ENTRY = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LAST_WORDS = 15;

export interface MetricsServerSpec {
  /** A place of its own, for its token, its certificate and its log. */
  readonly folder: string;
  readonly cluster: Pick<RemoteCluster, 'server' | 'caPem'>;
  /** Of its service account. */
  readonly token: string;
  readonly kubeletCaPem: string;
  /** A program that takes the same flags; ours unless told. */
  readonly program?: string;
  readonly flags?: readonly string[];
}

/** A metrics server as a process, who it is said by a token in a file. Disposing it ends it. */
export class MetricsServer implements AsyncDisposable {
  readonly port: number;
  /** Monotonic ms. */
  readonly startedMs = performance.now();
  readonly pid: number;
  private readonly child: ServerProcess;
  private readonly folder: string;

  private constructor(port: number, child: ServerProcess, folder: string) {
    this.port = port;
    this.pid = child.pid;
    this.child = child;
    this.folder = folder;
  }

  /** Resolves when the process runs; it may not listen yet. */
  static async start(spec: MetricsServerSpec): Promise<MetricsServer> {
    const { folder, cluster, program } = spec;
    const [port = 0] = await freePorts(1);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = (name: string): string => join(folder, name);
    await writeToken(folder, spec.token);
    await writeFile(file('kubelet-ca.crt'), spec.kubeletCaPem);
    await writeFile(file('kubeconfig'), kubeconfigWithTokenFile(cluster, file('token')));
    const flags = [
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${folder}`,
      `--kubeconfig=${file('kubeconfig')}`,
      `--authentication-kubeconfig=${file('kubeconfig')}`,
      `--authorization-kubeconfig=${file('kubeconfig')}`,
      `--kubelet-certificate-authority=${file('kubelet-ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-use-node-status-port',
      '--metric-resolution=15s',
      ...(spec.flags ?? []),
    ];
    const child = endsWithUs(
      await startServerProcess({
        command: program ?? process.execPath,
        arguments: program === undefined ? [ENTRY, ...flags] : flags,
        env: process.env,
        logFile: file('log'),
        isApart: true,
      }),
    );
    return new MetricsServer(port, child, folder);
  }

  /** Puts an other token in the place of the one that it reads now. */
  replaceToken(token: string): Promise<void> {
    return writeToken(this.folder, token);
  }

  /** Its whole log so far. */
  log(): Promise<string> {
    return this.child.lastWords(Number.MAX_SAFE_INTEGER);
  }

  /** Rejects with its last words when it ended by itself. */
  async throwIfEnded(): Promise<void> {
    const end = await Promise.race([this.child.ended, Promise.resolve(undefined)]);
    if (!end) return;
    const words = await this.child.lastWords(LAST_WORDS);
    throw new Error(`The metrics server ${end.reason}. Its last words:\n${words}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
  }
}

async function writeToken(folder: string, token: string): Promise<void> {
  const file = join(folder, 'token');
  await writeFile(file, token, { mode: 0o600 });
  await chmod(file, 0o600);
}

/** JSON is YAML, too. */
function kubeconfigWithTokenFile(
  { server, caPem }: Pick<RemoteCluster, 'server' | 'caPem'>,
  tokenFile: string,
): string {
  const data = Buffer.from(caPem).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'e2e',
    clusters: [{ name: 'e2e', cluster: { server, 'certificate-authority-data': data } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    users: [{ name: 'e2e', user: { tokenFile } }],
  });
}
