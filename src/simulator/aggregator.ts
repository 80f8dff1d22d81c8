import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import type { ApiRequest } from './api-request.ts';
import { checkAvailability, writeAvailability } from './availability.ts';
import { Backend, type BackendAnswer, resolveEndpoints } from './backend.ts';
import type { RemoteVersion } from './discovery.ts';
import { type KubeObject, listAt, textAt, valueAt } from './kube-object.ts';
import type { RemoteOpenApiV2 } from './merge-openapi.ts';
import type { ObjectStore } from './objects.ts';
import { DISCOVERY_TIMEOUT_MS, REQUEST_TIMEOUT_MS, proxy } from './proxy.ts';
import { RecurringTask } from './recurring-task.ts';
import { type FetchedDiscovery, fetchDiscovery } from './remote-discovery.ts';
import { RemoteOpenApi } from './remote-openapi.ts';
import { sendText } from './reply.ts';
import { API_SERVICES, ENDPOINT_SLICES, SERVICES } from './resource-type.ts';
import type { UserInfo } from './user-info.ts';

/** contract.md 2.1 and 2.2. */
const AVAILABILITY_CADENCE = {
  afterSuccessMs: 30_000,
  afterFailureMs: 5,
  longestFailureMs: 30_000,
};
const DISCOVERY_CADENCE = {
  afterSuccessMs: 60_000,
  afterFailureMs: 500,
  longestFailureMs: 60_000,
};

export interface AggregatorParts {
  readonly objects: ObjectStore;
  readonly frontProxy: CertificateAndKey;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The part of a kube-apiserver that stands before other API servers: it watches whether they are
 * available, merges what they serve into discovery, and passes requests on to them as the front proxy.
 * A model of kube-aggregator (contract.md section 2).
 */
export class Aggregator implements AsyncDisposable {
  private readonly parts: AggregatorParts;
  private readonly remotes = new Map<string, RemoteApiServer>();
  private readonly closing: (() => void)[] = [];
  private readonly changes = new EventEmitter();

  constructor(parts: AggregatorParts) {
    this.parts = parts;
  }

  /** Resolves at the next change of what is available or discovered. Rejects when the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    await once(this.changes, 'change', { signal });
  }

  start(): void {
    const { objects } = this.parts;
    for (const apiService of objects.snapshot(API_SERVICES).objects) this.adopt(apiService);
    this.closing.push(
      objects.subscribe(API_SERVICES, ({ type, object }) => {
        if (type === 'DELETED') this.drop(object.metadata.name);
        else this.adopt(object);
      }),
    );
    const recheck = (): void => {
      for (const remote of this.remotes.values()) remote.recheck();
    };
    this.closing.push(
      objects.subscribe(SERVICES, recheck),
      objects.subscribe(ENDPOINT_SLICES, recheck),
    );
  }

  /** True when another server answers for this group and version. */
  serves(group: string, version: string): boolean {
    return this.remotes.has(`${version}.${group}`);
  }

  async proxy(
    request: IncomingMessage,
    response: ServerResponse,
    { group, version, isResource }: Pick<ApiRequest, 'group' | 'version' | 'isResource'>,
    user: UserInfo,
  ): Promise<void> {
    const remote = this.remotes.get(`${version}.${group}`);
    const timeoutMs = isResource ? REQUEST_TIMEOUT_MS : DISCOVERY_TIMEOUT_MS;
    if (remote) await remote.proxy(request, response, user, timeoutMs);
    else sendText(response, 404, '404 page not found\n');
  }

  remoteVersion(apiServiceName: string): RemoteVersion {
    return this.remotes.get(apiServiceName)?.version ?? { resources: [], freshness: 'Stale' };
  }

  /** What all indexes of OpenAPI v3 have, as they have it. */
  openApiPaths(): Record<string, unknown> {
    const indexes = [...this.remotes.values()].map(({ openApi }) => [...openApi.v3]);
    return Object.fromEntries(indexes.flat());
  }

  /** The OpenAPI v2 documents of all servers that have one. */
  openApiV2(): readonly RemoteOpenApiV2[] {
    return [...this.remotes.values()].map(({ openApi, pathPrefix }) => {
      return { document: openApi.v2, pathPrefix };
    });
  }

  /** Passes on a request for a document of OpenAPI v3 that another server has in its index; false when none has. */
  async proxyOpenApi(
    request: IncomingMessage,
    response: ServerResponse,
    document: string,
    user: UserInfo,
  ): Promise<boolean> {
    const remote = [...this.remotes.values()].find(({ openApi }) => openApi.v3.has(document));
    if (!remote) return false;
    await remote.proxy(request, response, user, REQUEST_TIMEOUT_MS);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.closing) close();
    const remotes = [...this.remotes.values()];
    this.remotes.clear();
    await Promise.all(remotes.map((remote) => remote[Symbol.asyncDispose]()));
  }

  private adopt(apiService: KubeObject): void {
    const { name } = apiService.metadata;
    const isLocal = valueAt(apiService, 'spec', 'service') === undefined;
    const known = this.remotes.get(name);
    // Its status is written by ourselves, which is no news.
    if (known?.isFor(apiService)) return;
    this.drop(name);
    if (isLocal) return;
    const remote = new RemoteApiServer(apiService, this.parts, () => {
      this.changes.emit('change');
    });
    this.remotes.set(name, remote);
    remote.recheck();
  }

  private drop(name: string): void {
    const remote = this.remotes.get(name);
    this.remotes.delete(name);
    void remote?.[Symbol.asyncDispose]();
  }
}

/** One aggregated API server: its connections, whether it is available, and what it serves. */
class RemoteApiServer implements AsyncDisposable {
  private readonly apiService: KubeObject;
  private readonly parts: AggregatorParts;
  private readonly onChange: () => void;
  private readonly backend: Backend;
  private readonly availability: RecurringTask;
  private readonly discovery: RecurringTask;
  readonly openApi: RemoteOpenApi;
  private fetched: FetchedDiscovery | undefined;
  private isCurrent = false;
  private hasAskedOpenApi = false;
  private turns = 0;

  constructor(apiService: KubeObject, parts: AggregatorParts, onChange: () => void) {
    this.apiService = apiService;
    this.parts = parts;
    this.onChange = onChange;
    this.backend = new Backend(apiService, parts.frontProxy);
    this.availability = new RecurringTask(() => this.check(), AVAILABILITY_CADENCE);
    this.discovery = new RecurringTask(() => this.discover(), DISCOVERY_CADENCE);
    this.openApi = new RemoteOpenApi(
      (path, headers, timeoutMs) => this.fetch(path, headers, timeoutMs),
      (error, message) => {
        this.report(error, message);
      },
    );
  }

  /** Where its OpenAPI has a say. */
  get pathPrefix(): string {
    const { apiService } = this;
    return `/apis/${textAt(apiService, 'spec', 'group')}/${textAt(apiService, 'spec', 'version')}/`;
  }

  get version(): RemoteVersion {
    const resources = this.fetched?.resources ?? [];
    return { resources, freshness: this.isCurrent ? 'Current' : 'Stale' };
  }

  isFor(apiService: KubeObject): boolean {
    return (
      JSON.stringify(valueAt(apiService, 'spec')) ===
      JSON.stringify(valueAt(this.apiService, 'spec'))
    );
  }

  recheck(): void {
    this.availability.trigger();
  }

  async proxy(
    request: IncomingMessage,
    response: ServerResponse,
    user: UserInfo,
    timeoutMs: number,
  ): Promise<void> {
    const endpoint = this.isAvailable() ? this.nextEndpoint() : undefined;
    if (!endpoint) {
      sendText(response, 503, 'service unavailable\n');
      return;
    }
    await proxy(request, response, { backend: this.backend, endpoint, user, timeoutMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.backend.close();
    await this.openApi[Symbol.asyncDispose]();
    await this.availability[Symbol.asyncDispose]();
    await this.discovery[Symbol.asyncDispose]();
  }

  private isAvailable(): boolean {
    const current = this.parts.objects.get(API_SERVICES, '', this.apiService.metadata.name);
    return listAt(current, 'status', 'conditions').some(
      (condition) =>
        textAt(condition, 'type') === 'Available' && textAt(condition, 'status') === 'True',
    );
  }

  /** Ready endpoints take turns. */
  private nextEndpoint() {
    const { endpoints } = resolveEndpoints(this.parts.objects, this.apiService);
    return endpoints?.[this.turns++ % endpoints.length];
  }

  private fetch(
    path: string,
    headers: OutgoingHttpHeaders,
    timeoutMs: number,
  ): Promise<BackendAnswer> {
    const endpoint = this.isAvailable() ? this.nextEndpoint() : undefined;
    if (!endpoint) return Promise.reject(new Error('Cannot download: service unavailable'));
    return this.backend.fetch({ endpoint, method: 'GET', path, headers }, timeoutMs);
  }

  private async check(): Promise<boolean> {
    const { objects, clock } = this.parts;
    const wasAvailable = this.isAvailable();
    const result = await checkAvailability(objects, this.apiService, this.backend);
    writeAvailability(objects, this.apiService.metadata.name, result, clock);
    const isAvailable = result.status === 'True';
    if (isAvailable !== wasAvailable || (isAvailable && !this.isCurrent)) this.discovery.trigger();
    // The real one begins within a second of this change.
    if (isAvailable && !(wasAvailable && this.hasAskedOpenApi)) {
      this.hasAskedOpenApi = true;
      this.openApi.trigger();
    }
    this.onChange();
    return isAvailable;
  }

  private async discover(): Promise<boolean> {
    this.isCurrent = await this.fetchResources();
    this.onChange();
    return this.isCurrent;
  }

  private async fetchResources(): Promise<boolean> {
    const endpoint = this.isAvailable() ? this.nextEndpoint() : undefined;
    if (!endpoint) return false;
    try {
      this.fetched = await fetchDiscovery(this.backend, endpoint, this.apiService, this.fetched);
      return true;
    } catch (error) {
      this.report(error, 'Could not fetch discovery of an aggregated API server');
      return false;
    }
  }

  private report(err: unknown, message: string): void {
    this.parts.log.warn({ apiService: this.apiService.metadata.name, err }, message);
  }
}
