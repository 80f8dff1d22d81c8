import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { RecurringTask } from '../../src/simulator/recurring-task.ts';
import type { RemoteCluster } from '../../src/simulator/remote-api.ts';
import { type ServerProcess, startServerProcess } from '../../src/simulator/server-process.ts';
import { endsWithUs } from './last-resort.ts';
import { freePorts } from './plane.ts';

const ENTRY = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** As in the image, whose young generation is small: what it grows by would look like a leak. */
const NODE_FLAGS = ['--max-semi-space-size=2'];
const LAST_WORDS = 15;

export interface MetricsServerSpec {
  /** A place of its own, for its token, its certificate and its log. */
  readonly folder: string;
  readonly cluster: Pick<RemoteCluster, 'server' | 'caPem'>;
  /** Of its service account. */
  readonly token: string;
  /** Puts a new token in its place now and then, as a kubelet does for a pod; without it, the token stays. */
  readonly renewal?: TokenRenewal;
  readonly kubeletCaPem: string;
  /** A program that takes the same flags; ours unless told. */
  readonly program?: string;
  readonly flags?: readonly string[];
}

export interface TokenRenewal {
  readonly newToken: () => Promise<string>;
  readonly failed: (error: unknown) => void;
}

/** A token lives for ten minutes at least. */
const RENEWAL = { afterSuccessMs: 240_000, afterFailureMs: 5_000, longestFailureMs: 20_000 };

/** A metrics server as a process, who it is said by a token in a file. Disposing it ends it. */
export class MetricsServer implements AsyncDisposable {
  readonly port: number;
  /** Monotonic ms. */
  readonly startedMs = performance.now();
  readonly pid: number;
  private readonly child: ServerProcess;
  private readonly folder: string;
  private readonly renewing: RecurringTask | undefined;

  private constructor(
    port: number,
    child: ServerProcess,
    { folder, renewal }: Pick<MetricsServerSpec, 'folder' | 'renewal'>,
  ) {
    this.port = port;
    this.pid = child.pid;
    this.child = child;
    this.folder = folder;
    this.renewing = renewal && new RecurringTask(() => this.renew(renewal), RENEWAL);
    this.renewing?.trigger();
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
        arguments: program === undefined ? [...NODE_FLAGS, ENTRY, ...flags] : flags,
        env: process.env,
        logFile: file('log'),
        isApart: true,
      }),
    );
    return new MetricsServer(port, child, spec);
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
    await this.renewing?.[Symbol.asyncDispose]();
    await this.child[Symbol.asyncDispose]();
  }

  /** Returns whether there was a new one to be had. */
  private async renew({ newToken, failed }: TokenRenewal): Promise<boolean> {
    try {
      await this.replaceToken(await newToken());
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  }
}

/** Never seen half written. */
async function writeToken(folder: string, token: string): Promise<void> {
  const [file, draft] = [join(folder, 'token'), join(folder, `token-${randomUUID()}`)];
  await writeFile(draft, token, { mode: 0o600 });
  await rename(draft, file);
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
