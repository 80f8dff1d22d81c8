import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ServerProcess, startServerProcess } from '../../../src/simulator/server-process.ts';
import { eventually } from '../eventually.ts';
import { endsWithUs } from '../last-resort.ts';
import type { NodePrograms } from './programs.ts';

const run = promisify(execFile);
const ANSWERS_WITHIN_MS = 60_000;
const LAST_WORDS = 15;
/** Where cAdvisor, which is in the kubelet, looks for the names of containers. */
const SOCKET = '/run/containerd/containerd.sock';
/** Of what Kubernetes puts there. */
const NAMESPACE = 'k8s.io';
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

interface ContainerdSpec {
  /** Of its own, for images, containers and settings; it may not be on an overlay. */
  readonly folder: string;
  readonly logFile: string;
  readonly programs: NodePrograms;
  /** The image of every pod's own container, which holds its namespaces: it has to be imported. */
  readonly sandboxImage: string;
  /** In CIDR form. */
  readonly podRange: string;
}

/** containerd with its CRI part. Disposing it ends it; what it runs goes on. */
export class Containerd implements AsyncDisposable {
  /** As kubelets name it. */
  readonly endpoint = `unix://${SOCKET}`;
  private readonly spec: ContainerdSpec;
  private child: ServerProcess | undefined;

  private constructor(spec: ContainerdSpec) {
    this.spec = spec;
  }

  /** Resolves when it answers; rejects with its last words when it does not. */
  static async start(spec: ContainerdSpec): Promise<Containerd> {
    const { folder } = spec;
    await mkdir(join(folder, 'net.d'), { recursive: true });
    await writeFile(join(folder, 'net.d', '10-e2e.conflist'), networkOf(spec));
    await writeFile(settingsOf(spec), configOf(spec));
    const containerd = new Containerd(spec);
    await containerd.begin();
    return containerd;
  }

  /** Ends it and starts it again; what it runs goes on. Resolves when it answers. */
  async restart(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await this.begin();
  }

  /** Makes the images of an archive (an OCI layout as a tar) known under the names that it gives them. */
  async importImage(archive: string): Promise<void> {
    await this.ctr('images', 'import', archive);
  }

  /** What containerd's own client says. Rejects with what it complains of. */
  async ctr(...words: readonly string[]): Promise<string> {
    const all = ['--address', SOCKET, '--namespace', NAMESPACE, ...words];
    const { programs } = this.spec;
    const options = { env: programs.env, maxBuffer: MAX_OUTPUT_BYTES };
    return (await run(programs.path('ctr'), all, options)).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child?.[Symbol.asyncDispose]();
    this.child = undefined;
  }

  private async begin(): Promise<void> {
    const { programs, logFile } = this.spec;
    const child = endsWithUs(
      await startServerProcess({
        command: programs.path('containerd'),
        arguments: ['--config', settingsOf(this.spec)],
        env: programs.env,
        logFile,
      }),
    );
    this.child = child;
    try {
      await eventually(ANSWERS_WITHIN_MS, () => this.ctr('version'));
    } catch (cause) {
      const words = await child.lastWords(LAST_WORDS);
      await this[Symbol.asyncDispose]();
      throw new Error(`containerd does not answer. Its last words:\n${words}`, { cause });
    }
  }
}

function settingsOf({ folder }: ContainerdSpec): string {
  return join(folder, 'config.toml');
}

/** Version 2 of the settings is read by containerd 1.6 and, translated, by 2. */
function configOf({ folder, programs, sandboxImage }: ContainerdSpec): string {
  const lines = (entries: Readonly<Record<string, string | boolean>>): string[] =>
    Object.entries(entries).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return [
    'version = 2',
    ...lines({ root: join(folder, 'root'), state: '/run/containerd/state' }),
    '[grpc]',
    ...lines({ address: SOCKET }),
    '[plugins."io.containerd.grpc.v1.cri"]',
    // a container may not be made less likely to be killed than this process is
    ...lines({ sandbox_image: sandboxImage, restrict_oom_score_adj: true }),
    '[plugins."io.containerd.grpc.v1.cri".cni]',
    ...lines({ bin_dir: programs.cniFolder, conf_dir: join(folder, 'net.d') }),
    '[plugins."io.containerd.internal.v1.opt"]',
    ...lines({ path: join(folder, 'opt') }),
    '',
  ].join('\n');
}

/** A bridge with the node as gateway of the pods. */
function networkOf({ folder, podRange }: ContainerdSpec): string {
  const bridge = {
    type: 'bridge',
    bridge: 'e2e0',
    isGateway: true,
    // a pod may reach itself through a service
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      dataDir: join(folder, 'addresses'),
      ranges: [[{ subnet: podRange }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  return JSON.stringify({ cniVersion: '1.0.0', name: 'e2e', plugins: [bridge] });
}
