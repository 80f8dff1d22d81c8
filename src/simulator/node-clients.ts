import type { CertificateAuthority } from '../pki/certificate.ts';
import { RemoteAccess, type RemoteAccessOptions } from './remote-access.ts';
import { RemoteApi, type RemoteCluster } from './remote-api.ts';

/** A simulated node as a client of a real API server. */
export interface NodeClient {
  /** For what a kubelet writes: its Node, its lease, the statuses of its pods. */
  readonly api: RemoteApi;
  /** For what a kubelet asks about those who ask it. */
  readonly access: RemoteAccess;
}

export interface NodeClientsOptions extends RemoteAccessOptions {
  readonly cluster: RemoteCluster;
  /** Signs what nodes show; without it, all of them are who the cluster's credentials say. */
  readonly clientCa: CertificateAuthority | undefined;
}

/**
 * Every node under its own name, `system:node:NAME` of the group `system:nodes`, so that the API server's Node
 * authorizer and its admission plugin NodeRestriction hold for it as for a machine.
 */
export class NodeClients implements AsyncDisposable {
  private readonly options: NodeClientsOptions;
  private readonly clients = new Map<string, NodeClient>();
  private rememberMs: number;

  constructor(options: NodeClientsOptions) {
    this.options = options;
    this.rememberMs = options.rememberMs;
  }

  of(name: string): NodeClient {
    const known = this.clients.get(name);
    if (known) return known;
    const { clock, log } = this.options;
    const api = new RemoteApi(this.clusterFor(name));
    const access = new RemoteAccess(api, { clock, log, rememberMs: this.rememberMs });
    const client = { api, access };
    this.clients.set(name, client);
    return client;
  }

  /** How long nodes remember what they are told from now on. */
  rememberAccess(forMs: number): void {
    this.rememberMs = forMs;
    for (const { access } of this.clients.values()) access.rememberMs = forMs;
  }

  /** Nodes ask anew about everybody. */
  forgetAccess(): void {
    for (const { access } of this.clients.values()) access.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.clients.values()].map(({ api }) => api[Symbol.asyncDispose]()));
  }

  private clusterFor(name: string): RemoteCluster {
    const { cluster, clientCa } = this.options;
    if (!clientCa) return cluster;
    const identity = clientCa.issue({
      commonName: `system:node:${name}`,
      organizations: ['system:nodes'],
      usages: ['clientAuth'],
    });
    return { ...cluster, identity };
  }
}
