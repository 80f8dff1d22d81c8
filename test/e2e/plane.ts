import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';
import { kubeconfigText } from '../../src/simulator/kubeconfig.ts';
import { type ServerProcess, startServerProcess } from '../../src/simulator/server-process.ts';
import { endsWithUs } from './last-resort.ts';
import {
  type PlaneLayout,
  apiServerFlags,
  controllerManagerFlags,
  etcdFlags,
  kubeconfigOf,
  schedulerFlags,
} from './plane-flags.ts';
import {
  type PlaneAuthorities,
  createAuthorities,
  issueFrontProxyClient,
  writePlanePki,
} from './plane-pki.ts';
import type { Program, Programs } from './programs.ts';

const READY_WITHIN_MS = 120_000;
const POLL_MS = 200;
/** kube-apiserver lets watches end first, which nobody here waits for. */
const GRACE_MS = 3_000;
const LAST_WORDS = 15;

/** A control plane of our own on 127.0.0.1. Disposing it ends its programs; the folder is the caller's. */
export class Plane implements AsyncDisposable {
  readonly authorities: PlaneAuthorities;
  /** Who may do everything. */
  readonly admin: CertificateAndKey;
  /** The aggregator as a client of metrics servers. */
  readonly frontProxyClient: CertificateAndKey;
  readonly layout: PlaneLayout;
  readonly programs: Programs;
  private readonly running = new Map<Program, ServerProcess>();

  private constructor(parts: {
    authorities: PlaneAuthorities;
    admin: CertificateAndKey;
    frontProxyClient: CertificateAndKey;
    layout: PlaneLayout;
    programs: Programs;
  }) {
    this.authorities = parts.authorities;
    this.admin = parts.admin;
    this.frontProxyClient = parts.frontProxyClient;
    this.layout = parts.layout;
    this.programs = parts.programs;
  }

  /**
   * Resolves when kube-apiserver is ready. Rejects with the last words of the program that is not. With the address of
   * a real node (PlaneLayout) it serves that node and its pods, too.
   */
  static async start(
    programs: Programs,
    folder: string,
    signal: AbortSignal,
    nodeAddress?: string,
  ): Promise<Plane> {
    const [etcdPort = 0, etcdPeerPort = 0, apiPort = 0] = await freePorts(3);
    const layout = { folder, etcdPort, etcdPeerPort, apiPort, nodeAddress };
    const authorities = createAuthorities(Date.now());
    const clients = await writePlanePki(join(folder, 'pki'), authorities, nodeAddress);
    await mkdir(join(folder, 'logs'), { recursive: true });
    for (const [name, certificate] of clients) {
      const text = kubeconfigText(`https://127.0.0.1:${apiPort}`, authorities.cluster.certPem, [
        { name, certificate },
      ]);
      await writeFile(kubeconfigOf(layout, name), text, { mode: 0o600 });
    }
    const admin = clients.get('admin');
    if (!admin) throw new Error('The plane made no certificate for its administrator');
    const frontProxyClient = issueFrontProxyClient(authorities.frontProxy);
    const plane = new Plane({ authorities, admin, frontProxyClient, layout, programs });
    try {
      await plane.startAll(signal);
    } catch (error) {
      await plane[Symbol.asyncDispose]();
      throw error;
    }
    return plane;
  }

  get url(): string {
    return `https://127.0.0.1:${this.layout.apiPort}`;
  }

  /** Path of the administrator's kubeconfig. */
  get kubeconfig(): string {
    return kubeconfigOf(this.layout, 'admin');
  }

  get controllers(): boolean {
    return this.programs.controllers;
  }

  /** A second one beside it, without controllers. To be closed. */
  async another(folder: string, signal: AbortSignal): Promise<Plane> {
    await mkdir(folder, { recursive: true });
    return Plane.start({ ...this.programs, controllers: false }, folder, signal);
  }

  /** Ends a program and waits until it is gone. */
  async stop(program: Program): Promise<void> {
    await this.running.get(program)?.[Symbol.asyncDispose]();
    this.running.delete(program);
  }

  /** Starts a program that was stopped, with the files as they are now. */
  async resume(program: Program, signal: AbortSignal): Promise<void> {
    await this.run(program);
    if (program === 'kube-apiserver') await this.whenReady(signal);
  }

  /** What a program wrote to its log so far. */
  log(program: Program): Promise<string> {
    return readFile(this.logFile(program), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.running.keys()].map((program) => this.stop(program)));
  }

  private async startAll(signal: AbortSignal): Promise<void> {
    await this.run('etcd');
    await this.run('kube-apiserver');
    await this.whenReady(signal);
    if (!this.controllers) return;
    await this.run('kube-controller-manager');
    await this.run('kube-scheduler');
  }

  private async run(program: Program): Promise<void> {
    const [command, ...words] = this.programs.command(program);
    const child = endsWithUs(
      await startServerProcess({
        command,
        arguments: [...words, ...this.flags(program)],
        env: process.env,
        logFile: this.logFile(program),
        graceMs: GRACE_MS,
        isApart: true,
      }),
    );
    this.running.set(program, child);
  }

  private flags(program: Program): string[] {
    switch (program) {
      case 'etcd':
        return etcdFlags(this.layout);
      case 'kube-apiserver':
        return apiServerFlags(this.layout, this.controllers);
      case 'kube-controller-manager':
        return controllerManagerFlags(this.layout);
      case 'kube-scheduler':
        return schedulerFlags(this.layout);
    }
  }

  private logFile(program: Program): string {
    return join(this.layout.folder, 'logs', `${program}.log`);
  }

  private async whenReady(signal: AbortSignal): Promise<void> {
    const endMs = performance.now() + READY_WITHIN_MS;
    using agent = new ReadinessClient(this.layout.apiPort, this.authorities, this.admin);
    while (!(await agent.isReady())) {
      signal.throwIfAborted();
      await this.throwIfEnded();
      if (performance.now() > endMs) {
        throw new Error(`kube-apiserver is not ready after ${READY_WITHIN_MS / 1000} s`);
      }
      await sleep(POLL_MS);
    }
  }

  private async throwIfEnded(): Promise<void> {
    for (const [program, child] of this.running) {
      const end = await Promise.race([child.ended, sleep(0)]);
      if (!end) continue;
      const words = await child.lastWords(LAST_WORDS);
      throw new Error(`${program} ${end.reason}. Its last words:\n${words}`);
    }
  }
}

/** Asks for /readyz again and again. */
class ReadinessClient implements Disposable {
  private readonly agent: Agent;
  private readonly port: number;

  constructor(port: number, { cluster }: PlaneAuthorities, admin: CertificateAndKey) {
    this.port = port;
    this.agent = new Agent({ ca: cluster.certPem, cert: admin.certPem, key: admin.keyPem });
  }

  isReady(): Promise<boolean> {
    return new Promise((resolve) => {
      const asked = request(
        { host: '127.0.0.1', port: this.port, path: '/readyz', agent: this.agent, timeout: 5_000 },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode === 200);
        },
      );
      asked.once('timeout', () => asked.destroy());
      // Refused, reset, not yet: all mean the same.
      asked.once('error', () => {
        resolve(false);
      });
      asked.end();
    });
  }

  [Symbol.dispose](): void {
    this.agent.destroy();
  }
}

/** Whoever got a port may bind it seconds later. */
const given = new Set<number>();

/** Ports of 127.0.0.1 that are free now, each given to nobody else of this run. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () =>
    createServer().listen({ host: '127.0.0.1', port: 0 }),
  );
  // None is closed before all of them listen, or two would get the same one.
  const pending = servers.filter((server) => !server.listening);
  await Promise.all(pending.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  await Promise.all(servers.map((server) => once(server, 'close')));
  if (ports.some((port) => given.has(port))) return freePorts(count);
  for (const port of ports) given.add(port);
  return ports;
}
