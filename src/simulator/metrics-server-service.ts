import type { Endpoint } from './backend.ts';
import { KUBE_SYSTEM, METRICS_SERVER } from './bootstrap-policy.ts';
import { type KubeObject, valueAt } from './kube-object.ts';
import type { ObjectStore } from './objects.ts';
import { probeReadiness } from './readiness-probe.ts';
import { API_SERVICES, ENDPOINT_SLICES, SERVICES } from './resource-type.ts';

export const METRICS_API_SERVICE = 'v1beta1.metrics.k8s.io';

export interface RegistrationOptions {
  /** Ask `/readyz` and believe it, as the kubelet of its pod would; otherwise it is ready from the first moment. */
  readonly probesReadiness?: boolean;
  /** PEM bundle that the aggregator verifies its serving certificate with; without it, nothing is verified (as manifests/base). */
  readonly caPem?: string;
}

/** One running metrics server behind the Service `kube-system/metrics-server`. */
export interface Registration extends AsyncDisposable {
  setReady(ready: boolean): void;
}

/**
 * Writes what manifests/base and the controllers of a cluster would: the APIService, the Service, and an
 * EndpointSlice that leads to this process. Several make several replicas.
 */
export function registerMetricsServer(
  objects: ObjectStore,
  endpoint: Endpoint,
  { probesReadiness = false, caPem }: RegistrationOptions,
): Registration {
  const sliceName = `${METRICS_SERVER}-${endpoint.port}`;
  const setReady = (ready: boolean): void => {
    objects.put(ENDPOINT_SLICES, endpointSlice(sliceName, endpoint, ready));
  };
  setReady(!probesReadiness);
  if (!objects.get(SERVICES, KUBE_SYSTEM, METRICS_SERVER)) objects.put(SERVICES, SERVICE);
  // What the aggregator has found out stays: another replica is no news to it.
  const status = valueAt(objects.get(API_SERVICES, '', METRICS_API_SERVICE), 'status');
  objects.put(API_SERVICES, { ...apiService(caPem), ...(status !== undefined && { status }) });
  const probe = probesReadiness ? probeReadiness(endpoint, setReady) : undefined;
  return {
    setReady,
    async [Symbol.asyncDispose]() {
      await probe?.[Symbol.asyncDispose]();
      objects.delete(ENDPOINT_SLICES, KUBE_SYSTEM, sliceName);
    },
  };
}

const LABELS = { 'k8s-app': METRICS_SERVER };

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: METRICS_SERVER, namespace: KUBE_SYSTEM, labels: LABELS },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    ports: [
      { name: 'https', port: 443, protocol: 'TCP', targetPort: 'https', appProtocol: 'https' },
    ],
    selector: LABELS,
  },
} satisfies KubeObject & { spec: unknown };

function apiService(caPem: string | undefined): KubeObject {
  const trust =
    caPem === undefined
      ? { insecureSkipTLSVerify: true }
      : { caBundle: Buffer.from(caPem).toString('base64') };
  const object = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: METRICS_API_SERVICE, labels: LABELS },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { namespace: KUBE_SYSTEM, name: METRICS_SERVER, port: 443 },
      ...trust,
    },
  };
  return object;
}

function endpointSlice(name: string, { host, port }: Endpoint, ready: boolean): KubeObject {
  const object = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: KUBE_SYSTEM,
      labels: { ...LABELS, 'kubernetes.io/service-name': METRICS_SERVER },
    },
    addressType: 'IPv4',
    ports: [{ name: 'https', port, protocol: 'TCP', appProtocol: 'https' }],
    endpoints: [{ addresses: [host], conditions: { ready, serving: ready, terminating: false } }],
  };
  return object;
}
