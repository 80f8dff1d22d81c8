import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/clock.ts';
import { systemClock } from '../../src/clock.ts';
import type { Config } from '../../src/config/config.ts';
import { parseOptions } from '../../src/config/options.ts';
import { toConfig } from '../../src/config/to-config.ts';
import { runServer } from '../../src/server.ts';
import type { Cluster } from '../../src/simulator/cluster.ts';
import { LogRecorder } from './log-recorder.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Where the server reads its token. */
export const TOKEN_FILE = `${SERVICE_ACCOUNT}/token`;
const KUBELET_CA = '/etc/kubelet-ca.crt';

interface ServerSpec {
  /** Where it finds kube-apiserver; where the cluster has it unless told. */
  readonly apiServerPort?: number;
  readonly flags?: readonly string[];
  /** Files of its pod besides those of its service account. */
  readonly files?: readonly (readonly [path: string, content: string])[];
  /** What no flag allows: short resolutions, which only the command line refuses. */
  readonly change?: (config: Config) => Config;
}

/** The real server in this process, on a free port, as if it were a pod of the cluster. To be closed. */
export class RunningServer implements AsyncDisposable {
  readonly log = new LogRecorder();
  /** Monotonic ms. */
  readonly startedMs = performance.now();
  /** Resolves when it has ended, rejects when it could not run. */
  readonly ended: Promise<void>;
  /** The files of its pod, by path; may be changed at any time. */
  readonly files: Map<string, string>;
  private readonly certDir: string;
  #port = 0;
  readonly #ending = new AbortController();

  private constructor(cluster: Cluster, certDir: string, spec: ServerSpec) {
    const { flags = [], files = [], change, apiServerPort } = spec;
    this.certDir = certDir;
    this.files = new Map([...filesOf(cluster), ...files]);
    const read = toConfig(parseOptions([...standardFlags(certDir), ...flags]));
    // Any free port: one that the command line does not take.
    const config = { ...read, serving: { ...read.serving, port: 0 } };
    this.ended = runServer(
      change ? change(config) : config,
      {
        log: this.log,
        clock: systemClock,
        env: {
          KUBERNETES_SERVICE_HOST: '127.0.0.1',
          KUBERNETES_SERVICE_PORT: String(apiServerPort ?? new URL(cluster.url).port),
        },
        readFile: (path) => {
          const content = this.files.get(path);
          return content === undefined
            ? Promise.reject(new Error(`open ${path}: no such file or directory`))
            : Promise.resolve(content);
        },
        platform: { name: 'linux', arch: 'x64', node: '26.0.0' },
        version: '0.0.0-test',
        onListening: ({ port }) => {
          this.#port = port;
        },
      },
      this.#ending.signal,
    );
  }

  /** Resolves when it listens; it may have nothing to serve yet. */
  static async start(cluster: Cluster, spec: ServerSpec = {}): Promise<RunningServer> {
    const certDir = await mkdtemp(join(tmpdir(), 'metrics-server-'));
    const server = new RunningServer(cluster, certDir, spec);
    while (server.#port === 0) await Promise.race([server.ended, pause()]);
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** What SIGTERM does. */
  stop(): void {
    this.#ending.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.ended;
    await rm(this.certDir, { recursive: true, force: true });
  }
}

function standardFlags(certDir: string): string[] {
  return [
    '--bind-address=127.0.0.1',
    `--cert-dir=${certDir}`,
    `--kubelet-certificate-authority=${KUBELET_CA}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--kubelet-use-node-status-port',
  ];
}

/** The files that a pod finds in its containers. */
function filesOf(cluster: Cluster): Map<string, string> {
  return new Map([
    [TOKEN_FILE, cluster.serviceAccountToken('kube-system', 'metrics-server')],
    [`${SERVICE_ACCOUNT}/ca.crt`, cluster.authorities.kubeApiServer],
    [KUBELET_CA, cluster.authorities.kubelet],
  ]);
}

/**
 * A clock for simulated kubelets whose time runs faster than ours, so that their next sample is there
 * after a moment: rates come from the kubelet's clock alone, whatever its speed.
 */
export function hastyClock(timesFaster: number): Clock {
  const startMs = Date.now();
  const startedMs = performance.now();
  const passedMs = (): number => (performance.now() - startedMs) * timesFaster;
  return { nowMs: () => startMs + passedMs(), monotonicMs: passedMs };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
