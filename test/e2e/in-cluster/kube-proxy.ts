import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { kubeconfigText } from '../../../src/simulator/kubeconfig.ts';
import { type ServerProcess, startServerProcess } from '../../../src/simulator/server-process.ts';
import { eventually } from '../eventually.ts';
import { endsWithUs } from '../last-resort.ts';
import { KUBERNETES_SERVICE_IP } from '../plane-pki.ts';
import type { Plane } from '../plane.ts';
import type { NodePrograms } from '../real-node/programs.ts';

const LAST_WORDS = 15;
const LEADS_WITHIN_MS = 60_000;
const CONNECT_MS = 1_000;
/** The role system:node-proxier is bound to this user in every cluster. */
const USER = 'system:kube-proxy';

interface KubeProxySpec {
  /** Of its own. */
  readonly folder: string;
  readonly logFile: string;
  /** Of the node that it is on. */
  readonly node: string;
  readonly plane: Plane;
  readonly programs: NodePrograms;
  /** In CIDR form. */
  readonly podRange: string;
  readonly signal: AbortSignal;
}

/** Leads connections to services on to their pods, by rules of iptables. Disposing it ends it; the rules stay. */
export class KubeProxy implements AsyncDisposable {
  private readonly child: ServerProcess;

  private constructor(child: ServerProcess) {
    this.child = child;
  }

  /** Resolves when the Service `kubernetes` leads to kube-apiserver. Rejects with its last words when it does not. */
  static async start(spec: KubeProxySpec): Promise<KubeProxy> {
    const { plane, programs, logFile, signal } = spec;
    const [command, ...words] = plane.programs.command('kube-proxy');
    const child = endsWithUs(
      await startServerProcess({
        command,
        arguments: [...words, `--config=${await writeConfiguration(spec)}`],
        env: programs.env,
        logFile,
      }),
    );
    const proxy = new KubeProxy(child);
    try {
      await eventually(LEADS_WITHIN_MS, () => reach(KUBERNETES_SERVICE_IP, 443), signal);
    } catch (cause) {
      const lastWords = await child.lastWords(LAST_WORDS);
      await proxy[Symbol.asyncDispose]();
      signal.throwIfAborted();
      throw new Error(`kube-proxy leads nowhere. Its last words:\n${lastWords}`, { cause });
    }
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
  }
}

/** @returns the path of a kubeproxy.config.k8s.io/v1alpha1, written as JSON, which is YAML, too. */
async function writeConfiguration(spec: KubeProxySpec): Promise<string> {
  const { folder, node, plane, podRange } = spec;
  await mkdir(folder, { recursive: true });
  const { cluster } = plane.authorities;
  const certificate = cluster.issue({ commonName: USER, usages: ['clientAuth'] });
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(
    kubeconfig,
    kubeconfigText(plane.url, cluster.certPem, [{ name: USER, certificate }]),
    { mode: 0o600 },
  );
  const file = join(folder, 'config.json');
  const configuration = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig },
    mode: 'iptables',
    hostnameOverride: node,
    clusterCIDR: podRange,
    // would let packets for 127/8 in from outside, for node ports on it
    iptables: { localhostNodePorts: false },
    // of the whole machine, and left as they are
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
  };
  await writeFile(file, JSON.stringify(configuration));
  return file;
}

/** Rejects unless somebody takes a connection there. */
async function reach(host: string, port: number): Promise<void> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
  } finally {
    socket.destroy();
  }
}
