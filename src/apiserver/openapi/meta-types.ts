import type { FieldSchema, ObjectSchema } from '../../apimachinery/type-schema.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const ATOMIC = { 'x-kubernetes-list-type': 'atomic' } as const;

/** Every document says what it is. */
export const TYPE_FIELDS: readonly FieldSchema[] = [
  {
    name: 'kind',
    type: 'string',
    description: 'What this object is, in CamelCase. Fixed by the path that it is served at.',
  },
  {
    name: 'apiVersion',
    type: 'string',
    description:
      'The group and version of the schema that this object follows, as GROUP/VERSION; the version alone for the core group.',
  },
];

const OWNER_REFERENCE: ObjectSchema = {
  name: `${META}OwnerReference`,
  description:
    'Points at an object that this one belongs to, in the same namespace or without one. When the last owner is gone, the garbage collector removes the object.',
  fields: [
    {
      name: 'apiVersion',
      type: 'string',
      required: true,
      description: 'Group and version of the owner.',
    },
    { name: 'kind', type: 'string', required: true, description: 'Kind of the owner.' },
    { name: 'name', type: 'string', required: true, description: 'Name of the owner.' },
    {
      name: 'uid',
      type: 'string',
      required: true,
      description: 'UID of the owner, so that a later object of the same name is not taken for it.',
    },
    {
      name: 'controller',
      type: 'boolean',
      description: 'True for the one owner that manages this object.',
    },
    {
      name: 'blockOwnerDeletion',
      type: 'boolean',
      description:
        'True: the owner, when it is deleted in the foreground, stays until this reference is gone.',
    },
  ],
  extensions: { 'x-kubernetes-map-type': 'atomic' },
};

const MANAGED_FIELDS_ENTRY: ObjectSchema = {
  name: `${META}ManagedFieldsEntry`,
  description: 'Which fields one manager has set, and when, for server-side apply.',
  fields: [
    {
      name: 'manager',
      type: 'string',
      description: 'The program or person that manages these fields.',
    },
    {
      name: 'operation',
      type: 'string',
      description: 'How they came to be managed: Apply or Update.',
    },
    {
      name: 'apiVersion',
      type: 'string',
      description: 'The version of the resource in which the fields are named.',
    },
    { name: 'time', type: 'time', description: 'When the entry was last changed.' },
    {
      name: 'fieldsType',
      type: 'string',
      description: 'The format of the set of fields; FieldsV1 is the only one there is.',
    },
    { name: 'fieldsV1', type: 'fields', description: 'The fields, in the format FieldsV1.' },
    {
      name: 'subresource',
      type: 'string',
      description:
        'The subresource through which the object was changed; empty for the object itself.',
    },
  ],
};

/** What every object has. Objects that are figures and not stored use little of it. */
export const OBJECT_META: ObjectSchema = {
  name: `${META}ObjectMeta`,
  description:
    'What every object has besides its own contents: its name and what is attached to it.',
  fields: [
    {
      name: 'name',
      type: 'string',
      description:
        'Names the object among those of its resource, within its namespace if it has one.',
    },
    {
      name: 'generateName',
      type: 'string',
      description:
        'A prefix from which a unique name is made when an object is created without one.',
    },
    {
      name: 'namespace',
      type: 'string',
      description:
        'The namespace within which the name is unique. Empty for objects of the cluster.',
    },
    {
      name: 'selfLink',
      type: 'string',
      description: 'Once the path of this object; no server fills it in any more.',
    },
    {
      name: 'uid',
      type: 'string',
      description:
        'Names this object in time and space: another object of the same name has another one.',
    },
    {
      name: 'resourceVersion',
      type: 'string',
      description:
        'Changes with every change of the object. Opaque: only to be compared for equality, and to be handed back.',
    },
    {
      name: 'generation',
      type: 'integer',
      description: 'Counts the changes of what is desired.',
    },
    {
      name: 'creationTimestamp',
      type: 'time',
      description:
        'When the object came into being, in UTC. Figures are made for each request: theirs is the moment of the request.',
    },
    {
      name: 'deletionTimestamp',
      type: 'time',
      description:
        'Set when deletion was asked for: the moment after which the object will be gone.',
    },
    {
      name: 'deletionGracePeriodSeconds',
      type: 'integer',
      description:
        'How many seconds the object has to end gracefully once its deletion was asked for.',
    },
    {
      name: 'labels',
      type: { map: 'string' },
      description: 'Keys and values that objects are selected by.',
    },
    {
      name: 'annotations',
      type: { map: 'string' },
      description: 'Keys and values for programs to read and write; nothing is selected by them.',
    },
    {
      name: 'ownerReferences',
      type: { list: OWNER_REFERENCE },
      description: 'The objects that this one belongs to; at most one of them is its controller.',
      extensions: {
        'x-kubernetes-list-map-keys': ['uid'],
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-patch-merge-key': 'uid',
        'x-kubernetes-patch-strategy': 'merge',
      },
    },
    {
      name: 'finalizers',
      type: { list: 'string' },
      description: 'Who must act before the object may go: it stays until this list is empty.',
      extensions: { 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
    },
    {
      name: 'managedFields',
      type: { list: MANAGED_FIELDS_ENTRY },
      description: 'Who manages which fields, kept by the server for server-side apply.',
      extensions: ATOMIC,
    },
  ],
};

const SHARD_INFO: ObjectSchema = {
  name: `${META}ShardInfo`,
  description: 'Says that a list was asked for, and answered, for a part of all keys only.',
  fields: [
    {
      name: 'selector',
      type: 'string',
      required: true,
      description: 'The shard selector of the request, as it was understood.',
    },
  ],
};

/** What every list has. */
export const LIST_META: ObjectSchema = {
  name: `${META}ListMeta`,
  description: 'What is to be known of a list as a whole.',
  fields: [
    {
      name: 'selfLink',
      type: 'string',
      description: 'Once the path of this list; no server fills it in any more.',
    },
    {
      name: 'resourceVersion',
      type: 'string',
      description:
        'The moment that the list shows. Opaque; empty for figures, which have no history.',
    },
    {
      name: 'continue',
      type: 'string',
      description:
        'Set when there is more: hand it back as the query parameter of the same name, with all else unchanged, to get the next page. Opaque.',
    },
    {
      name: 'remainingItemCount',
      type: 'integer',
      description: 'How many items come after this page. Left out when that is not known.',
    },
    {
      name: 'shardInfo',
      type: SHARD_INFO,
      description: 'Set when the list is limited to a shard of the collection.',
    },
  ],
};
