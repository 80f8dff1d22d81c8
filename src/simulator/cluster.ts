import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import { Aggregator } from './aggregator.ts';
import { KUBE_SYSTEM, METRICS_SERVER } from './bootstrap-policy.ts';
import { mirrorWorld, putBootstrapObjects } from './cluster-objects.ts';
import { aggregateClusterRoles } from './cluster-role-aggregation.ts';
import { Faults } from './faults.ts';
import { Identities } from './identities.ts';
import { KubeApiServer } from './kube-apiserver.ts';
import { listAt, textAt } from './kube-object.ts';
import { type KubeconfigUser, kubeconfigText } from './kubeconfig.ts';
import {
  type KubeletAnswer,
  type KubeletAttributes,
  type KubeletCredentials,
  type KubeletDecision,
  type SimulatedKubelets,
  UNAUTHORIZED_TEXT,
  createKubelets,
  kubeletForbiddenText,
} from './kubelet.ts';
import {
  METRICS_API_SERVICE,
  type Registration,
  type RegistrationOptions,
  registerMetricsServer,
} from './metrics-server-service.ts';
import { ObjectStore } from './objects.ts';
import { RbacAuthorizer } from './rbac.ts';
import { API_SERVICES, SERVICE_ACCOUNTS } from './resource-type.ts';
import { type UserInfo, authenticated } from './user-info.ts';
import { type World, type WorldSpec, createWorld } from './world.ts';

export interface ClusterSpec extends Partial<Omit<WorldSpec, 'clock'>> {
  /** A world that exists already; the members of WorldSpec are then not looked at. */
  readonly world?: World;
  /** Kubelet ports: any free ones, or those that the Node objects of a given world name. */
  readonly kubeletPorts?: 'any' | 'given';
  readonly faults?: Faults;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Of the kube-apiserver on 127.0.0.1; 0 is any free one. */
  readonly port?: number;
  /** Between two bookmarks of a watch; default one minute, as in life. */
  readonly bookmarkIntervalMs?: number;
  /** Changes remembered per resource, before a watch from an old revision gets 410; default 4096. */
  readonly historyEvents?: number;
  /** Called with every page of figures that a kubelet begins to send. */
  readonly onAnswer?: (answer: KubeletAnswer) => void;
}

/** Who can use the cluster, each with a kubeconfig: an administrator, a user of role `view`, one without any right, and the metrics server itself. */
export type ClusterUser = 'admin' | 'viewer' | 'nobody' | 'metrics-server';

/** The authorities of the cluster as PEM, for clients and servers that have to trust it. */
export interface ClusterAuthorities {
  readonly kubeApiServer: string;
  readonly kubelet: string;
  readonly client: string;
  readonly frontProxy: string;
}

/** Pods' restarts become visible in their objects this often. */
const STATUS_REFRESH_MS = 10_000;
const TOKEN_SECONDS = 365 * 86_400;

const SILENT_LOG: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

/** Starts a cluster without machines: kube-apiserver and kubelets, in this process, on 127.0.0.1. */
export async function createCluster(spec: ClusterSpec = {}): Promise<Cluster> {
  const { clock = systemClock, log = SILENT_LOG, kubeletPorts = 'any' } = spec;
  const { port = 0, bookmarkIntervalMs = 60_000, historyEvents = 4096 } = spec;
  await using house = new AsyncDisposableStack();
  const world = spec.world ?? createWorld({ nodes: 3, ...spec, clock });
  const faults = spec.faults ?? new Faults({ clock });
  const identities = new Identities(clock);
  const objects = new ObjectStore({ clock, historyEvents });
  putBootstrapObjects(objects, identities);
  house.defer(mirrorWorld(objects, world));
  house.defer(aggregateClusterRoles(objects));
  const authorizer = new RbacAuthorizer(objects);
  const access = new KubeletAccess(identities, objects, authorizer);
  const kubelets = house.use(
    createKubelets({
      world,
      faults,
      clock,
      ports: kubeletPorts,
      servingCertificate: kubeletCertificates(identities),
      clientCa: identities.clientCa.certPem,
      authorizeRequest: (credentials, attributes) => access.decide(credentials, attributes),
      onAnswer: spec.onAnswer,
    }),
  );
  const aggregator = house.use(
    new Aggregator({ objects, frontProxy: identities.frontProxy, clock, log }),
  );
  const serving = identities.servingCa.issue({
    commonName: 'kube-apiserver',
    dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ipAddresses: ['127.0.0.1'],
    usages: ['serverAuth'],
  });
  const apiServer = house.use(
    new KubeApiServer({
      objects,
      identities,
      authorizer,
      aggregator,
      serving,
      clock,
      port,
      bookmarkIntervalMs,
    }),
  );
  await kubelets.start();
  await apiServer.listen();
  aggregator.start();
  const refresh = setInterval(() => {
    world.refreshStatuses();
  }, STATUS_REFRESH_MS);
  house.defer(() => {
    clearInterval(refresh);
  });
  const parts = { world, faults, identities, objects, kubelets, aggregator, apiServer };
  return new Cluster(parts, house.move());
}

interface ClusterParts {
  readonly world: World;
  readonly faults: Faults;
  readonly identities: Identities;
  readonly objects: ObjectStore;
  readonly kubelets: SimulatedKubelets;
  readonly aggregator: Aggregator;
  readonly apiServer: KubeApiServer;
}

/** A running simulated cluster. Disposing it ends everything it started. */
export class Cluster implements AsyncDisposable {
  readonly world: World;
  /** What is wrong with the kubelets; may be changed at any time. */
  readonly faults: Faults;
  readonly identities: Identities;
  readonly objects: ObjectStore;
  readonly kubelets: SimulatedKubelets;
  readonly apiServer: KubeApiServer;
  private readonly aggregator: Aggregator;
  private readonly house: AsyncDisposableStack;

  constructor(parts: ClusterParts, house: AsyncDisposableStack) {
    this.world = parts.world;
    this.faults = parts.faults;
    this.identities = parts.identities;
    this.objects = parts.objects;
    this.kubelets = parts.kubelets;
    this.apiServer = parts.apiServer;
    this.aggregator = parts.aggregator;
    this.house = house;
  }

  /** Of the kube-apiserver. */
  get url(): string {
    return `https://127.0.0.1:${this.apiServer.port}`;
  }

  get authorities(): ClusterAuthorities {
    const { servingCa, kubeletCa, clientCa, frontProxyCa } = this.identities;
    return {
      kubeApiServer: servingCa.certPem,
      kubelet: kubeletCa.certPem,
      client: clientCa.certPem,
      frontProxy: frontProxyCa.certPem,
    };
  }

  /** A kubeconfig with one context for each user, named like the user; the first one is current. */
  kubeconfig(...users: [ClusterUser, ...ClusterUser[]]): string {
    const [first, ...rest] = users;
    return kubeconfigText(this.url, this.identities.servingCa.certPem, [
      this.credentials(first),
      ...rest.map((user) => this.credentials(user)),
    ]);
  }

  /**
   * A token of a service account.
   * @throws Error when there is no such account.
   */
  serviceAccountToken(namespace: string, name: string): string {
    const uid = this.objects.get(SERVICE_ACCOUNTS, namespace, name)?.metadata.uid;
    if (uid === undefined) {
      throw new Error(`Cannot make a token: there is no service account "${namespace}/${name}"`);
    }
    return this.identities.serviceAccountToken({ namespace, name, uid }, TOKEN_SECONDS);
  }

  /** Announces a running metrics server to the aggregator. It ends with the cluster at the latest. */
  registerMetricsServer(
    host: string,
    port: number,
    options: RegistrationOptions = {},
  ): Registration {
    const registration = registerMetricsServer(this.objects, { host, port }, options);
    this.house.use(registration);
    return registration;
  }

  /** What the APIService of the metrics API says of itself; undefined while there is none. */
  metricsAvailability(): { status: string; reason: string; message: string } | undefined {
    const apiService = this.objects.get(API_SERVICES, '', METRICS_API_SERVICE);
    const [condition] = listAt(apiService, 'status', 'conditions');
    if (condition === undefined) return undefined;
    return {
      status: textAt(condition, 'status'),
      reason: textAt(condition, 'reason'),
      message: textAt(condition, 'message'),
    };
  }

  /** Resolves when the metrics API is available and discovered. Rejects with the signal's reason. */
  async whenMetricsAvailable(signal: AbortSignal): Promise<void> {
    const isThere = (): boolean =>
      this.metricsAvailability()?.status === 'True' &&
      this.aggregator.remoteVersion(METRICS_API_SERVICE).freshness === 'Current';
    while (!isThere()) {
      signal.throwIfAborted();
      await this.aggregator.changed(signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house.disposeAsync();
  }

  private credentials(user: ClusterUser): KubeconfigUser {
    if (user === 'metrics-server') {
      return { name: user, token: this.serviceAccountToken(KUBE_SYSTEM, METRICS_SERVER) };
    }
    const groups = user === 'admin' ? ['system:masters'] : [];
    return { name: user, certificate: this.identities.clientCertificate(user, groups) };
  }
}

/**
 * One certificate for all kubelets, since all listen on one address: a thousand of them then cost one TLS
 * context. Another validity means another certificate.
 */
function kubeletCertificates(identities: Identities) {
  const issue = (validity: object): CertificateAndKey =>
    identities.kubeletCa.issue({
      commonName: 'system:node:simulated',
      organizations: ['system:nodes'],
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      usages: ['serverAuth'],
      ...validity,
    });
  const usual = issue({});
  return (_node: unknown, validity?: { notBeforeMs: number; notAfterMs: number }) =>
    validity ? issue(validity) : usual;
}

/** Kubelets delegate: who is it (their own client CA, else TokenReview), and may they (SubjectAccessReview)? */
class KubeletAccess {
  private readonly identities: Identities;
  private readonly objects: ObjectStore;
  private readonly authorizer: RbacAuthorizer;

  constructor(identities: Identities, objects: ObjectStore, authorizer: RbacAuthorizer) {
    this.identities = identities;
    this.objects = objects;
    this.authorizer = authorizer;
  }

  decide(
    { certificate, token }: KubeletCredentials,
    attributes: KubeletAttributes,
  ): Promise<KubeletDecision> {
    const user = certificate.user ?? this.userOfToken(token ?? '');
    if (!user) return Promise.resolve({ status: 401, message: UNAUTHORIZED_TEXT });
    const isAllowed = attributes.subresources.some(
      (subresource) =>
        this.authorizer.authorize(authenticated(user), {
          ...attributes,
          subresource,
          isResource: true,
          path: '',
          group: '',
          namespace: '',
        }).allowed,
    );
    if (isAllowed) return Promise.resolve({ status: 200, message: '' });
    return Promise.resolve({ status: 403, message: kubeletForbiddenText(user.name, attributes) });
  }

  private userOfToken(token: string): UserInfo | undefined {
    return this.identities.judgeToken(
      token,
      (namespace, name) => this.objects.get(SERVICE_ACCOUNTS, namespace, name)?.metadata.uid,
    ).user;
  }
}
