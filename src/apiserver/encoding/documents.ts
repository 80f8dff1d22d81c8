import type { Status } from '../../apimachinery/status-error.ts';

/** The documents that we serve besides resources: every encoding writes them. */
export type ApiDocument =
  Status | ApiGroupList | ApiGroupDocument | ApiResourceList | ApiGroupDiscoveryList;

export interface ApiGroupList {
  readonly kind: 'APIGroupList';
  readonly groups: readonly ApiGroupEntry[];
}

export interface ApiGroupDocument extends ApiGroupEntry {
  readonly kind: 'APIGroup';
  readonly apiVersion: 'v1';
}

export interface ApiGroupEntry {
  readonly name: string;
  readonly versions: readonly GroupVersionForDiscovery[];
  /** Undefined: a group without versions. */
  readonly preferredVersion: GroupVersionForDiscovery | undefined;
  readonly serverAddressByClientCIDRs?: readonly ServerAddressByClientCidr[];
}

export interface GroupVersionForDiscovery {
  readonly groupVersion: string;
  readonly version: string;
}

interface ServerAddressByClientCidr {
  readonly clientCIDR: string;
  readonly serverAddress: string;
}

export interface ApiResourceList {
  readonly kind: 'APIResourceList';
  readonly apiVersion: 'v1';
  readonly groupVersion: string;
  readonly resources: readonly ApiResource[];
}

export interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** Everything that there is to discover, in one document of apidiscovery.k8s.io. */
export interface ApiGroupDiscoveryList {
  readonly kind: 'APIGroupDiscoveryList';
  readonly apiVersion: 'apidiscovery.k8s.io/v2';
  readonly metadata: Readonly<Record<string, never>>;
  readonly items: readonly ApiGroupDiscovery[];
}

export interface ApiGroupDiscovery {
  readonly metadata: { readonly name: string };
  readonly versions: readonly ApiVersionDiscovery[];
}

export interface ApiVersionDiscovery {
  readonly version: string;
  /** Left out when there are none. */
  readonly resources?: readonly ApiResourceDiscovery[];
  readonly freshness: 'Current';
}

export interface ApiResourceDiscovery {
  readonly resource: string;
  readonly responseKind: ResponseKind;
  readonly scope: 'Cluster' | 'Namespaced';
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly subresources?: readonly ApiSubresourceDiscovery[];
}

export interface ApiSubresourceDiscovery {
  readonly subresource: string;
  readonly responseKind: ResponseKind;
  readonly verbs: readonly string[];
}

/** Empty group and version mean those that the document is about. */
export interface ResponseKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
