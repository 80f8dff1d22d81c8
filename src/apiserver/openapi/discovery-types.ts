import type { FieldSchema, ObjectSchema } from '../../apimachinery/type-schema.ts';
import { kindExtension } from './group-version-kind.ts';
import { TYPE_FIELDS } from './meta-types.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const ATOMIC = { 'x-kubernetes-list-type': 'atomic' } as const;

const GROUP_VERSION: ObjectSchema = {
  name: `${META}GroupVersionForDiscovery`,
  description: 'One version of a group, whole and in part.',
  fields: [
    {
      name: 'groupVersion',
      type: 'string',
      required: true,
      description: 'Group and version, as GROUP/VERSION.',
    },
    {
      name: 'version',
      type: 'string',
      required: true,
      description: 'The version alone, so that nobody has to take the other apart.',
    },
  ],
};

const SERVER_ADDRESS: ObjectSchema = {
  name: `${META}ServerAddressByClientCIDR`,
  description: 'Which address of the server is meant for clients of a network.',
  fields: [
    {
      name: 'clientCIDR',
      type: 'string',
      required: true,
      description: 'The network of the clients, in CIDR notation.',
    },
    {
      name: 'serverAddress',
      type: 'string',
      required: true,
      description: 'Where these clients reach the server: host, host and port, or port alone.',
    },
  ],
};

export const API_GROUP: ObjectSchema = {
  name: `${META}APIGroup`,
  description: 'An API group and the versions in which it is served.',
  fields: [
    ...TYPE_FIELDS,
    { name: 'name', type: 'string', required: true, description: 'The name of the group.' },
    {
      name: 'versions',
      type: { list: GROUP_VERSION },
      required: true,
      description: 'The versions in which the group is served.',
      extensions: ATOMIC,
    },
    {
      name: 'preferredVersion',
      type: GROUP_VERSION,
      embedded: true,
      description: 'The version that clients without a preference of their own should use.',
    },
    {
      name: 'serverAddressByClientCIDRs',
      type: { list: SERVER_ADDRESS },
      description:
        'Where clients reach this server, by the network they are in. The most specific network counts.',
      extensions: ATOMIC,
    },
  ],
  extensions: kindExtension({ group: '', version: 'v1', kind: 'APIGroup' }),
};

export const API_GROUP_LIST: ObjectSchema = {
  name: `${META}APIGroupList`,
  description: 'The API groups of this server.',
  fields: [
    ...TYPE_FIELDS,
    {
      name: 'groups',
      type: { list: API_GROUP },
      required: true,
      description: 'One entry for each group.',
      extensions: ATOMIC,
    },
  ],
  extensions: kindExtension({ group: '', version: 'v1', kind: 'APIGroupList' }),
};

const API_RESOURCE: ObjectSchema = {
  name: `${META}APIResource`,
  description: 'A resource: what it is called, and what can be done with it.',
  fields: [
    {
      name: 'name',
      type: 'string',
      required: true,
      description: 'The name in the plural, as it stands in paths.',
    },
    {
      name: 'singularName',
      type: 'string',
      required: true,
      description: 'The name in the singular, for people. May be empty.',
    },
    {
      name: 'namespaced',
      type: 'boolean',
      required: true,
      description: 'True when its objects live in namespaces.',
    },
    {
      name: 'group',
      type: 'string',
      description: 'The group of the kind, when it is not that of the list.',
    },
    {
      name: 'version',
      type: 'string',
      description: 'The version of the kind, when it is not that of the list.',
    },
    {
      name: 'kind',
      type: 'string',
      required: true,
      description: 'The kind of its objects: NodeMetrics for nodes, say.',
    },
    {
      name: 'verbs',
      type: { list: 'string' },
      required: true,
      description: 'What can be done with it: get, list and so on.',
    },
    {
      name: 'shortNames',
      type: { list: 'string' },
      description: 'Shorter names for those who type them.',
      extensions: ATOMIC,
    },
    {
      name: 'categories',
      type: { list: 'string' },
      description: 'Groups of resources, such as all, that it is shown with.',
      extensions: ATOMIC,
    },
    {
      name: 'storageVersionHash',
      type: 'string',
      description:
        'Changes when objects are stored in another version. Empty where nothing is stored.',
    },
  ],
};

export const API_RESOURCE_LIST: ObjectSchema = {
  name: `${META}APIResourceList`,
  description: 'The resources of one version of a group.',
  fields: [
    ...TYPE_FIELDS,
    {
      name: 'groupVersion',
      type: 'string',
      required: true,
      description: 'Group and version of these resources, as GROUP/VERSION.',
    },
    {
      name: 'resources',
      type: { list: API_RESOURCE },
      required: true,
      description: 'One entry for each resource, and for each subresource.',
      extensions: ATOMIC,
    },
  ],
  extensions: kindExtension({ group: '', version: 'v1', kind: 'APIResourceList' }),
};

const text = (name: string, description?: string): FieldSchema => {
  return description === undefined
    ? { name, type: 'string', required: true }
    : { name, type: 'string', required: true, description };
};

/** What `/version` answers. */
export const VERSION_INFO: ObjectSchema = {
  name: 'io.k8s.apimachinery.pkg.version.Info',
  description: 'Which level of the Kubernetes API the server speaks, and how it was built.',
  fields: [
    text('major', 'The major version of the Kubernetes API level.'),
    text('minor', 'The minor version of the Kubernetes API level.'),
    {
      name: 'emulationMajor',
      type: 'string',
      description: 'The major version of the level that the server behaves as.',
    },
    {
      name: 'emulationMinor',
      type: 'string',
      description: 'The minor version of the level that the server behaves as.',
    },
    {
      name: 'minCompatibilityMajor',
      type: 'string',
      description: 'The major version of the oldest level that it works together with.',
    },
    {
      name: 'minCompatibilityMinor',
      type: 'string',
      description: 'The minor version of the oldest level that it works together with.',
    },
    text('gitVersion'),
    text('gitCommit'),
    text('gitTreeState'),
    text('buildDate'),
    text('goVersion'),
    text('compiler'),
    text('platform'),
  ],
};
