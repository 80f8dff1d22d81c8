import { readFile } from 'node:fs/promises';
import { textAt } from '../../../src/simulator/kube-object.ts';
import type { Containerd } from '../real-node/containerd.ts';
import { type ProcessStatus, parseProcessStatus, parseTasks } from './container-process.ts';

/** Where every pod finds who it is. */
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** The first process of a container, as the node sees it. */
export class ContainerProcess {
  readonly pid: number;

  constructor(pid: number) {
    this.pid = pid;
  }

  /** @throws Error when the container does not run. */
  static async of(containerd: Containerd, containerId: string): Promise<ContainerProcess> {
    const pid = parseTasks(await containerd.ctr('tasks', 'list')).get(containerId);
    if (pid === undefined) throw new Error(`container ${containerId} does not run`);
    return new ContainerProcess(pid);
  }

  async status(): Promise<ProcessStatus> {
    return parseProcessStatus(await readFile(`/proc/${this.pid}/status`, 'utf8'));
  }

  /** Path of a file of the container, for whoever is on the node. */
  file(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  /** What it was started with, by name. */
  async environment(): Promise<ReadonlyMap<string, string>> {
    const text = await readFile(`/proc/${this.pid}/environ`, 'utf8');
    return new Map(
      text.split('\0').map((line) => {
        const [name = '', ...value] = line.split('=');
        return [name, value.join('=')];
      }),
    );
  }

  /** The token that was put into the pod. */
  async token(): Promise<string> {
    return readFile(this.file(TOKEN), 'utf8');
  }
}

/** What a token says of its owner; whether that is so is for kube-apiserver to say. */
export function claimsOf(token: string): {
  readonly account: string;
  readonly pod: string;
  readonly expiresMs: number;
} {
  const [, payload = ''] = token.split('.');
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return {
    account: textAt(claims, 'sub'),
    pod: textAt(claims, 'kubernetes.io', 'pod', 'name'),
    expiresMs: Number(textAt(claims, 'exp')) * 1000,
  };
}
