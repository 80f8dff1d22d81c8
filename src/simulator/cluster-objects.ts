import {
  AUTHENTICATION_CONFIG_MAP,
  KUBE_SYSTEM,
  METRICS_SERVER,
  bootstrapPolicy,
} from './bootstrap-policy.ts';
import { localApiServices } from './discovery.ts';
import type { Identities } from './identities.ts';
import type { KubeObject } from './kube-object.ts';
import type { ObjectStore } from './objects.ts';
import {
  API_SERVICES,
  CONFIG_MAPS,
  NAMESPACES,
  RESOURCE_TYPES,
  type ResourceType,
  SERVICE_ACCOUNTS,
  apiVersionOf,
} from './resource-type.ts';
import type { World, WorldChange } from './world.ts';

/** What every cluster holds before anybody uses it. */
export function putBootstrapObjects(objects: ObjectStore, identities: Identities): void {
  for (const name of ['default', KUBE_SYSTEM, 'kube-public', 'kube-node-lease']) {
    putNamespace(objects, name);
  }
  for (const [type, object] of bootstrapPolicy()) objects.put(type, object);
  for (const apiService of localApiServices()) objects.put(API_SERVICES, apiService);
  putServiceAccount(objects, KUBE_SYSTEM, METRICS_SERVER);
  objects.put(CONFIG_MAPS, authenticationConfigMap(identities));
}

/** What aggregated API servers read to know users and the front proxy: contract.md 6.1. */
function authenticationConfigMap({ clientCa, frontProxyCa }: Identities): KubeObject {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: AUTHENTICATION_CONFIG_MAP, namespace: KUBE_SYSTEM },
    data: {
      'client-ca-file': clientCa.certPem,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-client-ca-file': frontProxyCa.certPem,
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    },
  };
  return object;
}

/** Keeps the objects of a world in the store. Returns how to stop following it. */
export function mirrorWorld(objects: ObjectStore, world: World): () => void {
  const all = [
    ...world.namespaces(),
    ...world.nodes().map((node) => node.object),
    ...world.pods().map((pod) => pod.object),
    ...world.others(),
  ];
  for (const object of all) apply(objects, { type: 'added', object });
  return world.subscribe((change) => {
    apply(objects, change);
  });
}

function apply(objects: ObjectStore, { type, object }: WorldChange): void {
  const resourceType = resourceTypeOf(object);
  if (!resourceType) {
    throw new Error(
      `Cannot keep ${object.kind} "${object.metadata.name}" of the world: the simulated kube-apiserver has no such resource`,
    );
  }
  const { namespace = '', name } = object.metadata;
  if (type === 'deleted') objects.delete(resourceType, namespace, name);
  else objects.put(resourceType, object);
  if (type === 'added' && resourceType === NAMESPACES) putServiceAccount(objects, name, 'default');
}

function resourceTypeOf({ apiVersion, kind }: KubeObject): ResourceType | undefined {
  return RESOURCE_TYPES.find((type) => type.kind === kind && apiVersionOf(type) === apiVersion);
}

function putNamespace(objects: ObjectStore, name: string): void {
  const object = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
  objects.put(NAMESPACES, object);
  putServiceAccount(objects, name, 'default');
}

function putServiceAccount(objects: ObjectStore, namespace: string, name: string): void {
  if (objects.get(SERVICE_ACCOUNTS, namespace, name)) return;
  objects.put(SERVICE_ACCOUNTS, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
  });
}
