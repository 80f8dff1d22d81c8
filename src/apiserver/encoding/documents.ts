import type { Status } from '../../apimachinery/status-error.ts';

/** The documents of meta/v1 that we serve besides resources: every encoding writes them. */
export type ApiDocument = Status | ApiGroupList | ApiGroupDocument | ApiResourceList;

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
