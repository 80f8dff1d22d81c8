import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { createCertificateAuthority } from '../pki/certificate.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import type { ActiveFault, FaultKind, Faults } from './faults.ts';
import { answer, answerFaulty, sendFaulty, wholeSent } from './kubelet-answers.ts';
import type { KubeletBody } from './kubelet-answers.ts';
import { KubeletListeners } from './kubelet-listeners.ts';
import type { Reception } from './kubelet-listeners.ts';
import { resourcePage } from './resource-page.ts';
import { type NodeView, viewNode } from './samples.ts';
import { summaryText } from './summary.ts';
import type { SimulatedNode, World } from './world.ts';
import { type CertificateVerdict, certificateUser } from './authentication.ts';

/** What a request brings to say who asks. */
export interface KubeletCredentials {
  readonly certificate: CertificateVerdict;
  /** Undefined without one. */
  readonly token: string | undefined;
}

/** What a kubelet asks before it answers: may whoever brings this do this on my node? (contract.md 10.6) */
export interface KubeletAttributes {
  /** From the HTTP method: get, create, update, patch, delete. */
  readonly verb: string;
  readonly resource: 'nodes';
  readonly name: string;
  /** To be tried in this order; one of them is enough. */
  readonly subresources: readonly string[];
}

export interface KubeletDecision {
  readonly status: 200 | 401 | 403 | 500;
  /** The body when the status is not 200, see UNAUTHORIZED_TEXT, kubeletForbiddenText and kubeletUndecidedText. */
  readonly message: string;
}

export interface KubeletsOptions {
  readonly world: World;
  /** The serving certificate of a node; with a validity, one like it of that validity. */
  readonly servingCertificate: (node: SimulatedNode, validity?: Validity) => CertificateAndKey;
  /** PEM of the authority that signs clients; without it certificates of clients are not asked for. */
  readonly clientCa?: string;
  /** Asked for every request, also for one without a certificate or a token. */
  readonly authorizeRequest: (
    credentials: KubeletCredentials,
    attributes: KubeletAttributes,
  ) => Promise<KubeletDecision>;
  readonly faults: Faults;
  readonly clock: Clock;
  /** `any` free port, written into the Node object (the default), or the one `given` in the Node object. */
  readonly ports?: 'any' | 'given';
  /** Called with every page of figures, when it begins to be sent. */
  readonly onAnswer?: ((answer: KubeletAnswer) => void) | undefined;
}

/** A page of figures on its way to whoever asked for it. */
export interface KubeletAnswer {
  readonly nodeName: string;
  readonly source: 'summary' | 'resource';
  readonly body: string | Uint8Array;
  /** What the body was written from; undefined where it was given. */
  readonly view: NodeView | undefined;
  /** Undefined of a kubelet that answers as it should. */
  readonly fault: FaultKind | undefined;
  /** Resolves a second after it is over: true when all of it was sent and its reader is still there. */
  readonly sent: Promise<boolean>;
}

interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface SimulatedKubelets extends AsyncDisposable {
  /** Resolves when every kubelet that is to listen does. Nodes that come later get theirs by themselves. */
  start(): Promise<void>;
  /** Resolves when listeners and node conditions are what the world and the faults want them to be. */
  settled(): Promise<void>;
  /** The port of a node's kubelet, listening or not; 0 of a node that never had one. */
  port(nodeName: string): number;
  /** Requests that reached the node's kubelet so far, whatever became of them. */
  requests(nodeName: string): number;
}

/** The body of a kubelet's 401. */
export const UNAUTHORIZED_TEXT = 'Unauthorized';

/** The body of a kubelet's 403 (fixtures/real-kubelet-1.36/authorization.txt). */
export function kubeletForbiddenText(user: string, attributes: KubeletAttributes): string {
  const { verb, resource, subresources } = attributes;
  return `Forbidden (user=${user}, verb=${verb}, resource=${resource}, subresource(s)=[${subresources.join(' ')}])\n`;
}

/** The body of a kubelet's 500 when nobody told it what the user may (pkg/kubelet/server/server.go, InstallAuthFilter). */
export function kubeletUndecidedText(
  user: string,
  { verb, resource }: KubeletAttributes,
  subresource: string,
): string {
  return `Authorization error (user=${user}, verb=${verb}, resource=${resource}, subresource=${subresource})`;
}

/** The kubelets of all nodes of a world, each on a port of its own. */
export function createKubelets(options: KubeletsOptions): SimulatedKubelets {
  return new Kubelets(options);
}

const YEAR_MS = 365 * 86_400_000;
const RESOURCE_PATH_ANNOTATION = 'metrics.k8s.io/resource-metrics-path';
const RESOURCE_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/** Faults of connections: what is open when one begins or ends is broken off. */
const CONNECTION_FAULTS: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'silent',
  'reset',
  'refused',
  'wrong-certificate',
  'expired-certificate',
]);

class Kubelets implements SimulatedKubelets {
  readonly #options: KubeletsOptions;
  readonly #listeners: KubeletListeners;
  readonly #closing = new AbortController();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #requests = new Map<string, number>();
  readonly #certificates = new Map<string, CertificateAndKey>();
  /** The connection fault that the open connections of a node were made under. */
  readonly #connectionFaults = new Map<string, FaultKind | undefined>();
  readonly #notReady = new Set<string>();
  /** What is being arranged; one after the other. */
  #arranging: Promise<void> = Promise.resolve();

  constructor(options: KubeletsOptions) {
    this.#options = options;
    this.#listeners = new KubeletListeners({
      handler: (request, response) => {
        void this.#handle(request, response);
      },
      receive: (nodeName) => this.#receive(nodeName),
      clientCa: options.clientCa,
    });
  }

  async start(): Promise<void> {
    const { world, faults } = this.#options;
    const arrange = () => {
      this.#arranging = this.#arranging.then(() => this.#arrange());
    };
    this.#unsubscribe.push(
      world.subscribe(({ type, object }) => {
        if (object.kind === 'Node' && type !== 'modified') arrange();
      }),
      faults.subscribe(arrange),
    );
    arrange();
    await this.#arranging;
  }

  settled(): Promise<void> {
    return this.#arranging;
  }

  port(nodeName: string): number {
    return this.#listeners.port(nodeName);
  }

  requests(nodeName: string): number {
    return this.#requests.get(nodeName) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#closing.abort();
    await this.#arranging;
    await this.#listeners[Symbol.asyncDispose]();
  }

  async #arrange(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { world } = this.#options;
    const gone = this.#listeners.nodeNames().filter((nodeName) => !world.node(nodeName));
    await Promise.all([
      ...gone.map((nodeName) => this.#listeners.forget(nodeName)),
      ...world.nodes().map((node) => this.#arrangeNode(node)),
    ]);
  }

  async #arrangeNode(node: SimulatedNode): Promise<void> {
    const { world, faults, ports = 'any' } = this.#options;
    const { name } = node;
    const kind = faults.of(name)?.kind;
    this.#arrangeConnections(name, kind && CONNECTION_FAULTS.has(kind) ? kind : undefined);
    this.#arrangeReadiness(name, kind === 'not-ready');
    const refuses = kind === 'refused' || !node.listens;
    if (ports === 'given' && !refuses) {
      await this.#listeners.listen(name, kubeletPort(node));
    } else if (ports === 'any' && (!refuses || this.port(name) === 0)) {
      // A kubelet that refuses from the start has a port too, one where nobody listens any more.
      world.setKubeletPort(name, await this.#listeners.listen(name, 0));
    }
    if (refuses) await this.#listeners.unlisten(name);
  }

  #arrangeConnections(nodeName: string, fault: FaultKind | undefined): void {
    if (this.#connectionFaults.get(nodeName) === fault) return;
    this.#connectionFaults.set(nodeName, fault);
    this.#listeners.breakOff(nodeName);
  }

  #arrangeReadiness(nodeName: string, notReady: boolean): void {
    if (this.#notReady.has(nodeName) === notReady) return;
    if (notReady) this.#notReady.add(nodeName);
    else this.#notReady.delete(nodeName);
    this.#options.world.setNodeReady(nodeName, !notReady);
  }

  #receive(nodeName: string): Reception {
    const kind = this.#options.faults.of(nodeName)?.kind;
    const node = this.#options.world.node(nodeName);
    // A node that was taken away a moment ago, or a fault that is just being arranged.
    if (!node || kind === 'reset' || kind === 'refused') return 'reset';
    if (kind === 'silent') return 'silent';
    const which = kind === 'wrong-certificate' || kind === 'expired-certificate' ? kind : '';
    const key = `${which}/${nodeName}`;
    const known = this.#certificates.get(key);
    if (known) return known;
    const made = this.#makeCertificate(node, which);
    this.#certificates.set(key, made);
    return made;
  }

  #makeCertificate(node: SimulatedNode, which: string): CertificateAndKey {
    const { servingCertificate, clock } = this.#options;
    const nowMs = Math.floor(clock.nowMs());
    // TLS libraries judge by the real time, which a simulated clock may be ahead of or behind: hence years.
    switch (which) {
      case 'wrong-certificate':
        // All is right but the authority, which nobody knows.
        return createCertificateAuthority({
          commonName: 'stranger',
          nowMs: nowMs - YEAR_MS,
          days: 730,
        }).issue({
          commonName: `system:node:${node.name}`,
          organizations: ['system:nodes'],
          dnsNames: [node.name],
          ipAddresses: ['127.0.0.1'],
          usages: ['serverAuth'],
        });
      case 'expired-certificate':
        return servingCertificate(node, {
          notBeforeMs: nowMs - 2 * YEAR_MS,
          notAfterMs: nowMs - YEAR_MS,
        });
      default:
        return servingCertificate(node);
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const nodeName = this.#listeners.nodeAt(request.socket.localPort);
    const node = nodeName === undefined ? undefined : this.#options.world.node(nodeName);
    if (!node) {
      // The node went while its client was still connected.
      request.socket.destroy();
      return;
    }
    this.#requests.set(node.name, this.requests(node.name) + 1);
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    try {
      await this.#respond(node, request, response, signal);
    } catch (error) {
      // Waiting was cut short: nobody is there any more to be answered.
      if (signal.aborted) response.destroy();
      else if (response.headersSent) response.destroy(error as Error);
      else answer(response, 500, `Internal Error: ${String(error)}\n`);
    }
  }

  async #respond(
    node: SimulatedNode,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const fault = this.#options.faults.of(node.name);
    if (fault && (await answerFaulty(fault, response, signal))) return;
    const url = new URL(request.url ?? '/', 'https://kubelet');
    const route = routeOf(node, url);
    if (route === undefined) {
      answer(response, 404, '404: Page Not Found');
      return;
    }
    if (request.method !== 'GET') {
      answer(response, 405, '405: Method Not Allowed');
      return;
    }
    const credentials = { certificate: certificateUser(request), token: bearerToken(request) };
    const { status, message } = await this.#options.authorizeRequest(credentials, {
      verb: 'get',
      resource: 'nodes',
      name: node.name,
      subresources: subresourcesOf(url.pathname),
    });
    if (status !== 200) {
      answer(response, status, message);
      return;
    }
    await this.#serve(route, node, response, { fault, signal });
  }

  async #serve(
    route: Route,
    node: SimulatedNode,
    response: ServerResponse,
    { fault, signal }: { fault: ActiveFault | undefined; signal: AbortSignal },
  ): Promise<void> {
    if (route === 'healthz') {
      answer(response, 200, 'ok');
      return;
    }
    if (route === 'unbuilt') {
      answer(response, 501, 'The simulated kubelet does not build this page\n');
      return;
    }
    const content = this.#contentOf(route, node, fault);
    if (!content) {
      answer(response, 404, '404 page not found\n');
      return;
    }
    if (route === 'resource' && node.plan) {
      response.setHeader('Process-Start-Time-Unix', Math.floor(node.plan.bootMs / 1000));
    }
    this.#options.onAnswer?.({
      nodeName: node.name,
      source: route === 'resource' ? 'resource' : 'summary',
      body: content.body,
      view: content.view,
      fault: fault?.kind,
      sent: wholeSent(response),
    });
    await sendFaulty(fault, response, content, signal);
  }

  #contentOf(
    route: 'summary' | 'only-cpu-and-memory' | 'resource',
    node: SimulatedNode,
    fault: ActiveFault | undefined,
  ): (KubeletBody & { readonly view: NodeView | undefined }) | undefined {
    const { world, clock } = this.#options;
    const contentType = route === 'resource' ? RESOURCE_CONTENT_TYPE : 'application/json';
    const onlyCpuAndMemory = route === 'only-cpu-and-memory';
    if (node.pages) {
      const body =
        route === 'resource' ? node.pages.resource() : node.pages.summary({ onlyCpuAndMemory });
      return body === undefined ? undefined : { contentType, body, view: undefined };
    }
    const view = viewNode(world, node, Math.floor(clock.nowMs()), fault);
    const body = route === 'resource' ? resourcePage(view) : summaryText(view, onlyCpuAndMemory);
    return { contentType, body, view };
  }
}

function kubeletPort({ object }: SimulatedNode): number {
  return object.status.daemonEndpoints?.kubeletEndpoint.Port ?? 0;
}

type Route = 'summary' | 'only-cpu-and-memory' | 'resource' | 'healthz' | 'unbuilt';

/** What is asked for; undefined for a path that a kubelet does not have either. */
function routeOf(node: SimulatedNode, { pathname, searchParams }: URL): Route | undefined {
  if (pathname === '/stats/summary') {
    const only = searchParams.getAll('only_cpu_and_memory');
    return only.length === 1 && only[0] === 'true' ? 'only-cpu-and-memory' : 'summary';
  }
  const annotated = node.object.metadata.annotations?.[RESOURCE_PATH_ANNOTATION];
  if (pathname === '/metrics/resource' || pathname === annotated) return 'resource';
  if (pathname === '/healthz') return 'healthz';
  return UNBUILT_PATHS.some((path) => pathname === path || pathname.startsWith(`${path}/`))
    ? 'unbuilt'
    : undefined;
}

/** Pages of a real kubelet that no metrics server reads. */
const UNBUILT_PATHS = ['/metrics', '/pods', '/runningpods', '/configz', '/logs', '/containerLogs'];

/** The subresources of nodes that a path belongs to (contract.md 10.6, KubeletFineGrainedAuthz). */
function subresourcesOf(path: string): readonly string[] {
  const [, first = ''] = path.split('/');
  switch (first) {
    case 'stats':
    case 'metrics':
      return [first];
    case 'logs':
      return ['log'];
    case 'pods':
    case 'healthz':
    case 'configz':
      return [first, 'proxy'];
    default:
      return ['proxy'];
  }
}

/** The bearer token of a request; undefined without one. */
function bearerToken(request: IncomingMessage): string | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  return token;
}
