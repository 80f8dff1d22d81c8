import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import {
  forbidden,
  methodNotAllowed,
  notFound,
  routeNotFound,
} from '../apimachinery/status-error.ts';
import type { Clock } from '../clock.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import type { Aggregator } from './aggregator.ts';
import { type ApiRequest, parseApiRequest } from './api-request.ts';
import { authenticate } from './authentication.ts';
import { Discovery, findLocal, resourceList } from './discovery.ts';
import type { Identities } from './identities.ts';
import { impersonate } from './impersonation.ts';
import { serveList } from './list.ts';
import type { ObjectStore } from './objects.ts';
import { localOpenApiPaths, openApiV2, openApiV3 } from './openapi.ts';
import { partialDocument } from './partial-protobuf.ts';
import type { RbacAuthorizer } from './rbac.ts';
import { notSimulated, sendError, sendJson, sendProtobuf, sendText } from './reply.ts';
import { chooseRepresentation, isJson, parseAccept, toDocument } from './representation.ts';
import { SERVICE_ACCOUNTS, findResourceType, type ResourceType } from './resource-type.ts';
import { type ReviewContext, answerReview, readObject } from './reviews.ts';
import { toTable } from './tables.ts';
import type { UserInfo } from './user-info.ts';
import { serveWatch } from './watch.ts';

/** What an upset kube-apiserver does with a request instead of answering it. */
export type ApiServerFault =
  | { readonly kind: 'status'; readonly code: number }
  /** The connection breaks. */
  | { readonly kind: 'reset' }
  /** Nothing ever comes. */
  | { readonly kind: 'silence' };

export interface KubeApiServerParts {
  readonly objects: ObjectStore;
  readonly identities: Identities;
  readonly authorizer: RbacAuthorizer;
  readonly aggregator: Aggregator;
  readonly serving: CertificateAndKey;
  readonly clock: Clock;
  /** 0: any free one. */
  readonly port: number;
  readonly bookmarkIntervalMs: number;
}

const GIT_VERSION = 'v1.36.3';
const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: `${GIT_VERSION}-simulated`,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: 'linux/amd64',
};

/**
 * The TLS front of the simulated cluster: who asks, whether they may, and then one of objects, reviews,
 * discovery and the aggregator. What it cannot do, it refuses with 501 and a sentence.
 */
export class KubeApiServer implements AsyncDisposable {
  private readonly parts: KubeApiServerParts;
  private readonly server: Server;
  private readonly discovery: Discovery;
  private readonly reviews: ReviewContext;
  private readonly ending = new AbortController();
  /** All of them: those in their handshake are not yet known to the server. */
  private readonly sockets = new Set<Socket>();
  private readonly faults = new Map<ApiServerFault, (request: ApiRequest) => boolean>();

  constructor(parts: KubeApiServerParts) {
    this.parts = parts;
    const { identities, objects, authorizer, aggregator, clock, serving } = parts;
    this.discovery = new Discovery(objects, (name) => aggregator.remoteVersion(name));
    const judgeToken = (token: string) =>
      identities.judgeToken(
        token,
        (namespace, name) => objects.get(SERVICE_ACCOUNTS, namespace, name)?.metadata.uid,
      );
    this.reviews = { identities, judgeToken, authorizer, objects, clock };
    this.server = createServer(
      {
        cert: serving.certPem,
        key: serving.keyPem,
        ca: identities.clientCa.certPem,
        requestCert: true,
        // Whoever cannot prove who they are is told so by a Status, as in life.
        rejectUnauthorized: false,
        keepAliveTimeout: 120_000,
      },
      (request, response) => {
        void this.handle(request, response);
      },
    );
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Rejects with EADDRINUSE when the port is taken. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.parts.port, '127.0.0.1', () => {
        this.server.off('error', reject);
        resolve();
      });
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The requests that it matches fail so until the returned function is called. */
  addFault(fault: ApiServerFault, matches: (request: ApiRequest) => boolean): () => void {
    this.faults.set(fault, matches);
    return () => this.faults.delete(fault);
  }

  /** Breaks every connection, as a restart would. */
  breakConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ending.abort();
    if (!this.server.listening) return;
    await new Promise((resolve) => {
      this.server.close(resolve);
      this.breakConnections();
    });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Audit-Id', request.headers['audit-id'] ?? randomUUID());
    response.setHeader('Cache-Control', 'no-cache, private');
    try {
      const apiRequest = parseApiRequest(request.method ?? 'GET', request.url ?? '/');
      if (this.fails(apiRequest, request, response)) return;
      const user = this.userOf(request, apiRequest);
      await this.dispatch(request, response, apiRequest, user);
    } catch (error) {
      sendError(response, error);
    }
  }

  private fails(
    apiRequest: ApiRequest,
    request: IncomingMessage,
    response: ServerResponse,
  ): boolean {
    for (const [fault, matches] of this.faults) {
      if (!matches(apiRequest)) continue;
      if (fault.kind === 'status') sendText(response, fault.code, 'a fault of the simulation\n');
      if (fault.kind === 'reset') request.socket.destroy();
      return true;
    }
    return false;
  }

  private userOf(request: IncomingMessage, apiRequest: ApiRequest): UserInfo {
    const { authorizer } = this.parts;
    const caller = authenticate(request, this.reviews.judgeToken);
    const user = impersonate(request, caller, authorizer);
    const { allowed, reason } = authorizer.authorize(user, apiRequest);
    if (!allowed) throw forbidden(user.name, apiRequest, reason);
    return user;
  }

  private async dispatch(
    request: IncomingMessage,
    response: ServerResponse,
    apiRequest: ApiRequest,
    user: UserInfo,
  ): Promise<void> {
    const { aggregator } = this.parts;
    if (!apiRequest.isResource) {
      await this.serveNonResource(request, response, apiRequest, user);
    } else if (aggregator.serves(apiRequest.group, apiRequest.version)) {
      await aggregator.proxy(request, response, apiRequest, user);
    } else if (apiRequest.verb === 'create') {
      await this.create(request, response, apiRequest, user);
    } else {
      await this.read(request, response, apiRequest);
    }
  }

  private async create(
    request: IncomingMessage,
    response: ServerResponse,
    apiRequest: ApiRequest,
    user: UserInfo,
  ): Promise<void> {
    const { group, version, resource, subresource } = apiRequest;
    if (subresource === '' && findResourceType(group, version, resource)) {
      throw notSimulated(`create ${resource}: its world is changed through the simulator`);
    }
    const object = await readObject(request);
    sendJson(response, 201, answerReview(apiRequest, object, user, this.reviews));
  }

  private async read(
    request: IncomingMessage,
    response: ServerResponse,
    apiRequest: ApiRequest,
  ): Promise<void> {
    const { group, version, resource, subresource, verb } = apiRequest;
    const type = findResourceType(group, version, resource);
    if (!type) throw routeNotFound();
    if (subresource !== '') throw notSimulated(`serve ${resource}/${subresource}`);
    if (verb === '') throw methodNotAllowed();
    if (!type.verbs.includes(verb)) throw notSimulated(`${verb} ${resource}`);
    const { objects, clock, bookmarkIntervalMs } = this.parts;
    const representation = chooseRepresentation(request.headers.accept);
    const context = { objects, type, representation, bookmarkIntervalMs };
    if (verb === 'list') {
      await serveList(response, apiRequest, { ...context, nowMs: clock.nowMs() });
    } else if (verb === 'watch') {
      const { signal } = this.ending;
      await serveWatch(response, apiRequest, { ...context, nowMs: () => clock.nowMs(), signal });
    } else this.get(request, response, apiRequest, type);
  }

  private get(
    request: IncomingMessage,
    response: ServerResponse,
    apiRequest: ApiRequest,
    type: ResourceType,
  ): void {
    const { objects, clock } = this.parts;
    // The object of a namespace is at once in it, for authorization, and in none.
    const namespace = type.namespaced ? apiRequest.namespace : '';
    const object = objects.get(type, namespace, apiRequest.name);
    if (!object) throw notFound(type.group, type.resource, apiRequest.name);
    const representation = chooseRepresentation(request.headers.accept);
    if (representation.as === 'table') {
      const metadata = { resourceVersion: object.metadata.resourceVersion };
      const { version } = representation;
      sendJson(response, 200, toTable(type, [object], { version, nowMs: clock.nowMs(), metadata }));
    } else if (representation.as === 'partial' && representation.protobuf) {
      sendProtobuf(response, partialDocument(object, representation.version));
    } else sendJson(response, 200, toDocument(object, representation));
  }

  private async serveNonResource(
    request: IncomingMessage,
    response: ServerResponse,
    apiRequest: ApiRequest,
    user: UserInfo,
  ): Promise<void> {
    if (apiRequest.method !== 'GET' && apiRequest.method !== 'HEAD') throw methodNotAllowed();
    const path = apiRequest.path.replace(/(?<=.)\/$/, '');
    switch (path) {
      case '/version':
        sendJson(response, 200, VERSION);
        return;
      case '/healthz':
      case '/livez':
      case '/readyz':
        sendText(response, 200, 'ok');
        return;
      case '/api':
        this.discovery.sendApi(request, response);
        return;
      case '/apis':
        this.discovery.sendApis(request, response);
        return;
    }
    if (path.startsWith('/openapi/')) await this.serveOpenApi(request, response, path, user);
    else await this.serveDiscovery(request, response, path, user);
  }

  private async serveDiscovery(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    user: UserInfo,
  ): Promise<void> {
    const [, prefix, group = '', version = '', ...rest] = path.split('/');
    const { aggregator } = this.parts;
    if (prefix === 'apis' && rest.length === 0 && aggregator.serves(group, version)) {
      await aggregator.proxy(request, response, { group, version, isResource: false }, user);
      return;
    }
    const document = this.discoveryDocument(path);
    if (document) sendJson(response, 200, document);
    else sendText(response, 404, '404 page not found\n');
  }

  private discoveryDocument(path: string): object | undefined {
    const [, core] = /^\/api\/([^/]+)$/.exec(path) ?? [];
    const [, group, version] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
    if (group !== undefined && version === undefined) return this.discovery.group(group);
    const known = findLocal(group ?? '', core ?? version ?? '');
    return known && resourceList(known);
  }

  private async serveOpenApi(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    user: UserInfo,
  ): Promise<void> {
    const [, name = ''] = /^\/openapi\/v3\/(.*)$/.exec(path) ?? [];
    const document = this.openApiDocument(path) ?? openApiV3(name);
    if (document && parseAccept(request.headers.accept ?? '*/*').some(isJson)) {
      sendJson(response, 200, document);
    } else if (document) {
      sendText(response, 406, 'the simulated kube-apiserver has OpenAPI as JSON only\n');
    } else if (!(await this.parts.aggregator.proxyOpenApi(request, response, name, user))) {
      sendText(response, 404, '404 page not found\n');
    }
  }

  /** Of the whole cluster, our own and what the others serve. */
  private openApiDocument(path: string): object | undefined {
    const { aggregator } = this.parts;
    if (path === '/openapi/v2') return openApiV2(aggregator.openApiV2());
    if (path !== '/openapi/v3') return undefined;
    return { paths: { ...aggregator.openApiPaths(), ...localOpenApiPaths() } };
  }
}
