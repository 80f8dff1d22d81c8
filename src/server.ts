import { Registry } from 'prom-client';
import { parseLabelSelector } from './apimachinery/label-selector.ts';
import { resourceMetricsGroup } from './apis/metrics/group.ts';
import { resourceMetricsInstruments } from './apis/metrics/instruments.ts';
import { createApp } from './apiserver/app.ts';
import { CaFile } from './apiserver/authentication/ca-files.ts';
import { delegatedAuthenticator } from './apiserver/authentication/delegated-authenticator.ts';
import { authenticationInstruments } from './apiserver/authentication/instruments.ts';
import { TrustStore } from './apiserver/authentication/trust.ts';
import { delegatedAuthorizer } from './apiserver/authorization/delegated.ts';
import { authorizationInstruments } from './apiserver/authorization/instruments.ts';
import { handshakeErrorCounter } from './apiserver/instruments.ts';
import { memoryFigures } from './apiserver/process-figures.ts';
import { createSecureServer } from './apiserver/secure-serving.ts';
import { registerProcessMetrics } from './apiserver/self-metrics.ts';
import { healthChecks } from './checks.ts';
import type { Clock } from './clock.ts';
import type { AuthenticationConfig, Config } from './config/config.ts';
import { accessReviewer } from './kube/access-review.ts';
import { AuthenticationConfigInformer } from './kube/authentication-config.ts';
import { KubeClient } from './kube/client.ts';
import { type CredentialsPurpose, loadCredentials } from './kube/credentials.ts';
import { kubeInstruments } from './kube/instruments.ts';
import type { KubeCredentials } from './kube/kube-credentials.ts';
import { NodeInformer } from './kube/nodes.ts';
import { PodInformer } from './kube/pods.ts';
import { Presence } from './kube/presence.ts';
import { tokenReviewer } from './kube/token-review.ts';
import { userAgent } from './kube/user-agent.ts';
import { kubeletInstruments } from './kubelet/instruments.ts';
import { KubeletClient } from './kubelet/kubelet-client.ts';
import { Names } from './kubelet/names.ts';
import type { Logger } from './log.ts';
import { scraperInstruments } from './scraper/instruments.ts';
import { Scraper } from './scraper/scraper.ts';
import { selectedNodes } from './scraper/selected-nodes.ts';
import { storageInstruments } from './storage/instruments.ts';
import { Storage } from './storage/storage.ts';

/** What the program gets from the process that it runs in. */
export interface Surroundings {
  readonly log: Logger;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file. Rejects with Node's error codes. */
  readonly readFile: (path: string) => Promise<string>;
  /** Node's words for the platform, for the user agent. */
  readonly platform: { readonly name: string; readonly arch: string; readonly node: string };
  /** Our own version, without a `v`. */
  readonly version: string;
  /** Told where we listen, as soon as we do. */
  readonly onListening?: (address: { readonly address: string; readonly port: number }) => void;
  /** Told how many nodes there are, for each one that comes or changes. */
  readonly onNodes?: (count: number) => void;
}

/**
 * Builds every room of the house, opens the doors between them, and serves until the signal aborts; then
 * goes on for the shutdown delay, lets requests in flight finish, and closes everything in reverse order.
 * Read it from top to bottom: so walks the data.
 *
 * @throws Error when it cannot start; its message names what is missing.
 */
// eslint-disable-next-line max-lines-per-function -- one piece, to be read from top to bottom
export async function runServer(
  config: Config,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { log, clock } = surroundings;
  for (const warning of config.warnings) log.warn({}, warning);
  await using house = new AsyncDisposableStack();
  const registry = new Registry();
  registerProcessMetrics(registry);
  const agent = userAgentOf(surroundings);
  const kube = await openDoors(config, { ...surroundings, userAgent: agent }, registry, house);
  const nodeSelector = parseLabelSelector(config.nodeSelector);

  // from kube-apiserver: which nodes there are, and which pods run
  const following = { client: kube.lister, clock, log, random: Math.random };
  const { presence } = kube;
  const nodes = house.use(new NodeInformer({ ...following, follower: presence.follower() }));
  const names = new Names();
  const pods = house.use(new PodInformer({ ...following, follower: presence.follower(), names }));

  // from the kubelets: two points of everything
  const storage = new Storage({
    config: config.storage,
    clock,
    instruments: storageInstruments(registry),
  });
  const kubelet = house.use(
    await KubeletClient.open({
      config: config.kubelet,
      credentials: kube.credentials,
      userAgent: agent,
      readFile: surroundings.readFile,
      instruments: kubeletInstruments(registry),
      names,
      clock,
      log,
    }),
  );
  const scraped = selectedNodes(nodes, nodeSelector);
  const scraper = house.use(
    new Scraper({
      nodes: scraped,
      kubelet,
      storage,
      reviewer: presence,
      clock,
      log,
      instruments: scraperInstruments(registry, config.resolutionMs, clock),
      resolutionMs: config.resolutionMs,
      requestTimeoutMs: config.kubelet.requestTimeoutMs,
    }),
  );
  house.defer(
    scraped.subscribe({
      upserted: () => surroundings.onNodes?.(nodes.size),
      deleted: (name) => {
        kubelet.forget(name);
      },
    }),
  );

  // to the clients
  const cluster = config.authentication.skipLookup
    ? undefined
    : house.use(new AuthenticationConfigInformer({ ...following, client: kube.authentication }));
  const trust = await openTrust(config.authentication, cluster, log, house);
  const end = { isShuttingDown: false, isDraining: false };
  const server = house.use(
    createSecureServer({
      serving: config.serving,
      clientAuthorities: trust,
      onHandshakeError: handshakeErrorCounter(registry),
      clock,
      log,
      handler: createApp({
        groups: [
          resourceMetricsGroup({
            nodes,
            pods,
            usage: storage,
            nodeSelector,
            instruments: resourceMetricsInstruments(registry),
            clock,
          }),
        ],
        authenticator: delegatedAuthenticator({
          trust: () => trust.current(),
          reviewer: kube.tokenReviewer,
          tokenCacheTtlMs: config.authentication.tokenCacheTtlMs,
          clock,
          log,
          instruments: authenticationInstruments(registry),
        }),
        authorizer: delegatedAuthorizer({
          reviewer: kube.accessReviewer,
          config: config.authorization,
          clock,
          log,
          instruments: authorizationInstruments(registry),
        }),
        checks: healthChecks({
          nodes,
          pods,
          trust: cluster,
          kubeApiServer: presence,
          hasFigures: () => storage.hasNodeFigures(),
          hasPodFigures: () => storage.hasPodFigures(),
          schedule: () => scraper.status(),
          shuttingDown: () => end.isShuttingDown,
        }),
        registry,
        log,
        clock,
        serving: config.serving,
        version: surroundings.version,
        memory: memoryFigures(),
        isDraining: () => end.isDraining,
      }),
    }),
  );

  const listening = await server.listen();
  log.info({ ...listening, version: surroundings.version }, 'Serving securely');
  surroundings.onListening?.(listening);
  cluster?.start();
  nodes.start();
  pods.start();
  if (await isSynced(nodes, signal)) scraper.start();
  await aborted(signal);
  end.isShuttingDown = true;
  log.info({ delayMs: config.serving.shutdownDelayMs }, 'Shutting down');
  await pause(config.serving.shutdownDelayMs);
  end.isDraining = true;
  await server.close();
}

/** How we introduce ourselves to kube-apiserver and to kubelets. */
function userAgentOf({ version, platform: { name, arch, node } }: Surroundings): string {
  return userAgent(version, name, arch, node);
}

interface Doors {
  readonly credentials: KubeCredentials;
  readonly lister: KubeClient;
  readonly presence: Presence;
  readonly authentication: KubeClient;
  readonly tokenReviewer: ReturnType<typeof tokenReviewer>;
  readonly accessReviewer: ReturnType<typeof accessReviewer>;
}

/**
 * Our connections to kube-apiserver: one for each kubeconfig that is named. Where the flags for
 * authentication and authorization name none, the way that lists nodes serves them as well.
 */
async function openDoors(
  config: Config,
  { log, clock, env, readFile, userAgent }: Surroundings & { readonly userAgent: string },
  registry: Registry,
  house: AsyncDisposableStack,
): Promise<Doors> {
  const instruments = kubeInstruments(registry);
  const opened = new Map<string, { credentials: KubeCredentials; client: KubeClient }>();
  const open = async (kubeconfig: string, purpose: CredentialsPurpose) => {
    const known = opened.get(kubeconfig);
    instruments.transports.asked(known ? 'hit' : 'miss');
    if (known) return known;
    const credentials = await loadCredentials(kubeconfig, { env, readFile, clock, log }, purpose);
    const client = house.use(
      new KubeClient({ credentials, userAgent, clock, instruments: instruments.requests }),
    );
    const door = { credentials, client };
    opened.set(kubeconfig, door);
    return door;
  };
  const { kubeconfig } = config;
  const lister = await open(kubeconfig, 'lister');
  const authentication = await open(
    config.authenticationKubeconfig || kubeconfig,
    'authentication',
  );
  const authorization = await open(config.authorizationKubeconfig || kubeconfig, 'authorization');
  const asking = { clock, random: Math.random };
  return {
    credentials: lister.credentials,
    lister: lister.client,
    presence: new Presence(clock),
    authentication: authentication.client,
    tokenReviewer: tokenReviewer(authentication.client, {
      ...asking,
      instruments: instruments.tokenReviews,
    }),
    accessReviewer: accessReviewer(authorization.client, {
      ...asking,
      instruments: instruments.accessReviews,
    }),
  };
}

/** Whose certificates and headers are believed: what the command line names, else what the cluster says. */
async function openTrust(
  { clientCaFile, requestHeader }: AuthenticationConfig,
  cluster: AuthenticationConfigInformer | undefined,
  log: Logger,
  house: AsyncDisposableStack,
): Promise<TrustStore> {
  const open = async (path: string, purpose: string, bundle: string): Promise<CaFile> =>
    house.use(await CaFile.open(path, { purpose, bundle }, log));
  return new TrustStore(
    {
      cluster,
      clientCaFile:
        clientCaFile === ''
          ? undefined
          : await open(clientCaFile, 'unable to load client CA provider', 'client-ca-bundle'),
      requestHeaderFile: requestHeader && {
        ...requestHeader,
        file: await open(
          requestHeader.clientCaFile,
          'unable to create request header authentication config',
          'request-header',
        ),
      },
    },
    log,
  );
}

/** False when told to stop before. */
async function isSynced(
  informer: { whenSynced(signal: AbortSignal): Promise<void> },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await informer.whenSynced(signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms > 0) setTimeout(resolve, ms);
    else resolve();
  });
}
