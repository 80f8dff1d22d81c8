import type { ApiGroup, ApiVersion } from './api-group.ts';
import type {
  ApiGroupDocument,
  ApiGroupEntry,
  ApiGroupList,
  ApiResourceList,
} from './encoding/documents.ts';

/** `/apis`. It has no apiVersion, as upstream. `serverAddress` is `host:port`, or `:port` without an external name. */
export function groupListDocument(
  groups: readonly ApiGroup[],
  serverAddress: string,
): ApiGroupList {
  const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress }];
  return {
    kind: 'APIGroupList',
    groups: groups.map((group) => ({ ...groupMembers(group), serverAddressByClientCIDRs })),
  };
}

/** `/apis/GROUP` */
export function groupDocument(group: ApiGroup): ApiGroupDocument {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupMembers(group) };
}

/**
 * `/apis/GROUP/VERSION`, of the resources as they are now. Group and version of each are those of the document;
 * the kind is always there, since clients drop an entry without one.
 */
export function resourceListDocument(group: ApiGroup, version: ApiVersion): ApiResourceList {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: `${group.name}/${version.name}`,
    resources: version.resources().map(({ name, singularName, namespaced, kind, verbs }) => {
      return { name, singularName, namespaced, kind, verbs };
    }),
  };
}

function groupMembers({ name, versions }: ApiGroup): ApiGroupEntry {
  const served = versions.map((version) => {
    return { groupVersion: `${name}/${version.name}`, version: version.name };
  });
  return { name, versions: served, preferredVersion: served[0] };
}
