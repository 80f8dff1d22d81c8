/** What the checks look at; each is one room's word about itself. */
export interface Vitals {
  readonly nodes: { readonly synced: boolean };
  readonly pods: { readonly synced: boolean };
  /** What the cluster says of authentication; undefined when it is not asked. */
  readonly trust: { readonly synced: boolean } | undefined;
  /** kube-apiserver, as those see it who follow nodes and pods. */
  readonly kubeApiServer: { readonly isAway: boolean };
  /** Whether any node, and whether any pod, has figures that may be served now. */
  readonly hasFigures: () => boolean;
  readonly hasPodFigures: () => boolean;
  readonly schedule: () => {
    readonly nodes: number;
    readonly failing: number;
    /** Of the nodes whose last scrape failed, by the kind of a KubeletError. */
    readonly failingByReason: ReadonlyMap<string, number>;
    /** Every node that answers at all has answered once. */
    readonly everyReachableNodeScrapedOnce: boolean;
    readonly firstResolutionOver: boolean;
    /** False only when the schedule itself is stuck. */
    readonly turning: boolean;
  };
  readonly shuttingDown: () => boolean;
}

type Endpoint = 'healthz' | 'livez' | 'readyz';

export interface Check {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /** What is wrong, or undefined. */
  check(): string | undefined;
  /** More of it, and what to do about it; nothing secret, and no names. */
  detail?(): string;
}

const passes = (): undefined => undefined;

/**
 * The checks of a metrics server beside those of any API server, with upstream's names and in its order
 * (probes, e2e assertions and dashboards name them). What they mean differs where upstream goes dark:
 * liveness fails only when this process is stuck, never because kubelets or kube-apiserver are slow, since
 * a restart would lose every point and mend nothing; readiness passes as soon as there is something true
 * to serve (docs/adr/0005-readiness-and-liveness.md).
 */
export function healthChecks(vitals: Vitals): readonly Check[] {
  const informers = (): string | undefined => {
    if (!vitals.nodes.synced) return 'cache for node informer has not synced';
    if (!vitals.pods.synced) return 'cache for pod informer has not synced';
    return undefined;
  };
  const podInformer = (): string | undefined =>
    vitals.pods.synced ? undefined : '1 informers not started yet: [pods]';
  return [
    {
      name: 'metric-storage-ready',
      endpoints: ['readyz'],
      check: () => somethingToServe(vitals),
      detail: () => collection(vitals),
    },
    {
      name: 'metric-collection-timely',
      endpoints: ['livez'],
      check: () => late(vitals),
      detail: () => collection(vitals),
    },
    { name: 'metric-informer-sync', endpoints: ['readyz'], check: informers },
    { name: 'metadata-informer-sync', endpoints: ['healthz', 'readyz'], check: podInformer },
    { name: 'metadata-informer-sync', endpoints: ['livez'], check: passes },
    {
      name: 'authentication-config-sync',
      endpoints: ['readyz'],
      check: () =>
        vitals.trust?.synced === false
          ? 'ConfigMap kube-system/extension-apiserver-authentication was not read yet'
          : undefined,
    },
    {
      name: 'shutdown',
      endpoints: ['readyz'],
      check: () => (vitals.shuttingDown() ? 'process is shutting down' : undefined),
    },
  ];
}

function somethingToServe({ hasFigures, schedule }: Vitals): string | undefined {
  const { everyReachableNodeScrapedOnce, firstResolutionOver } = schedule();
  const complete = everyReachableNodeScrapedOnce || firstResolutionOver;
  return complete && hasFigures() ? undefined : 'no metrics to serve';
}

function late({ schedule }: Vitals): string | undefined {
  return schedule().turning ? undefined : "metric collection didn't finish on time";
}

/** What to do about a kind of failure. The log names the nodes, and says it in whole sentences. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['address', 'see --kubelet-preferred-address-types'],
  ['credentials', 'see our token and --kubelet-client-certificate'],
  ['connect', 'check firewalls and network policies'],
  ['tls', 'see --kubelet-certificate-authority and --kubelet-insecure-tls'],
  ['timeout', 'check firewalls, or raise --kubelet-request-timeout'],
  ['unauthorized', 'the kubelets do not know our token: see authentication.webhook of theirs'],
  ['forbidden', 'grant "get" on nodes/stats or nodes/metrics to our service account'],
  ['undecided', 'the kubelets could not ask kube-apiserver whether we may'],
]);

/** Kubelets that refuse us then have nothing wrong with them. */
const AWAY = '; kube-apiserver cannot be reached, which kubelets ask whether they may answer us';

/** One line: how many nodes answer, whether there are figures, and why the others do not. */
function collection({ schedule, hasFigures, hasPodFigures, kubeApiServer }: Vitals): string {
  const { nodes, failing, failingByReason } = schedule();
  const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');
  const reasons = [...failingByReason]
    .sort(([, left], [, right]) => right - left)
    .map(([reason, count]) => {
      const remedy = REMEDIES.get(reason) ?? 'see the log';
      return `; ${reason}: ${count} (${remedy})`;
    });
  return (
    `${nodes} nodes, ${failing} failing, figures of nodes: ${yesOrNo(hasFigures())}, ` +
    `of pods: ${yesOrNo(hasPodFigures())}${reasons.join('')}${kubeApiServer.isAway ? AWAY : ''}`
  );
}
