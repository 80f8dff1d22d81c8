import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { kubeconfigText } from '../../../src/simulator/kubeconfig.ts';
import { type ServerProcess, startServerProcess } from '../../../src/simulator/server-process.ts';
import { endsWithUs } from '../last-resort.ts';
import type { Plane } from '../plane.ts';
import type { Namespace } from './namespace.ts';
import type { NodePrograms } from './programs.ts';

export const KUBELET_PORT = 10250;
const LAST_WORDS = 15;

interface KubeletSpec {
  /** Of its own, for volumes, certificates, settings. */
  readonly folder: string;
  readonly logFile: string;
  /** Of the node. */
  readonly name: string;
  readonly namespace: Namespace;
  readonly plane: Plane;
  readonly programs: NodePrograms;
  /** Of the runtime, as a URL. */
  readonly endpoint: string;
}

/** The kubelet of the plane's own build. Disposing it ends it; the containers go on. */
export class Kubelet implements AsyncDisposable {
  /** Manifests put there become pods of this node. */
  readonly staticPods: string;
  private readonly spec: KubeletSpec;
  private child: ServerProcess | undefined;

  private constructor(spec: KubeletSpec) {
    this.spec = spec;
    this.staticPods = join(spec.folder, 'static');
  }

  /** Resolves when the process runs; the node is not ready yet. */
  static async start(spec: KubeletSpec): Promise<Kubelet> {
    const { folder, name, namespace, plane } = spec;
    const kubelet = new Kubelet(spec);
    await mkdir(kubelet.staticPods, { recursive: true });
    const { cluster } = plane.authorities;
    const certificate = cluster.issue({
      commonName: `system:node:${name}`,
      organizations: ['system:nodes'],
      dnsNames: [name],
      ipAddresses: [namespace.address],
      usages: ['serverAuth', 'clientAuth'],
    });
    const user = { name, certificate };
    await writeFile(join(folder, 'tls.crt'), certificate.certPem);
    await writeFile(join(folder, 'tls.key'), certificate.keyPem, { mode: 0o600 });
    await writeFile(join(folder, 'ca.crt'), cluster.certPem);
    await writeFile(
      join(folder, 'kubeconfig'),
      kubeconfigText(plane.url, cluster.certPem, [user]),
      { mode: 0o600 },
    );
    await writeFile(join(folder, 'config.json'), JSON.stringify(kubelet.configuration()));
    await kubelet.begin();
    return kubelet;
  }

  /** Ends it and starts it again; the containers go on. */
  async restart(): Promise<void> {
    await this.end();
    await this.begin();
  }

  /** Rejects with its last words when it ended by itself. */
  async throwIfEnded(): Promise<void> {
    const end = await Promise.race([this.child?.ended, Promise.resolve(undefined)]);
    if (!end) return;
    const words = await this.child?.lastWords(LAST_WORDS);
    throw new Error(`The kubelet ${end.reason}. Its last words:\n${words ?? ''}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  private async begin(): Promise<void> {
    const { folder, name, namespace, plane, programs, logFile } = this.spec;
    const [command, ...words] = plane.programs.command('kubelet');
    this.child = endsWithUs(
      await startServerProcess({
        command,
        arguments: [
          ...words,
          `--config=${join(folder, 'config.json')}`,
          `--kubeconfig=${join(folder, 'kubeconfig')}`,
          `--root-dir=${join(folder, 'root')}`,
          `--cert-dir=${folder}`,
          `--hostname-override=${name}`,
          `--node-ip=${namespace.address}`,
        ],
        env: programs.env,
        logFile,
      }),
    );
  }

  private async end(): Promise<void> {
    await this.child?.[Symbol.asyncDispose]();
    this.child = undefined;
  }

  /** kubelet.config.k8s.io/v1beta1, written as JSON, which is YAML, too. */
  private configuration(): object {
    const { folder, namespace, endpoint } = this.spec;
    return {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      address: namespace.address,
      port: KUBELET_PORT,
      healthzPort: 0,
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: join(folder, 'ca.crt') },
      },
      authorization: { mode: 'Webhook' },
      tlsCertFile: join(folder, 'tls.crt'),
      tlsPrivateKeyFile: join(folder, 'tls.key'),
      containerRuntimeEndpoint: endpoint,
      staticPodPath: this.staticPods,
      // where they are told when something fails
      podLogsDir: join(dirname(this.spec.logFile), 'pods'),
      // both are refused unless told
      failCgroupV1: false,
      failSwapOn: false,
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${namespace.cgroup}`,
      enforceNodeAllocatable: [],
      makeIPTablesUtilChains: false,
      resolvConf: '',
      clusterDomain: 'cluster.local',
      // a container that crashes does so all the time, and not once in five minutes in the end
      featureGates: { KubeletCrashLoopBackOffMax: true },
      crashLoopBackOff: { maxContainerRestartPeriod: '10s' },
      // images cannot be fetched again, and a full disk of this machine is nothing to test
      imageGCHighThresholdPercent: 100,
      imageMinimumGCAge: '24h',
      evictionHard: {
        'memory.available': '50Mi',
        'nodefs.available': '1%',
        'imagefs.available': '1%',
      },
    };
  }
}
