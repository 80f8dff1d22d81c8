import type { FieldSchema, ObjectSchema } from '../../apimachinery/type-schema.ts';
import type { KindSchema } from '../../apiserver/api-group.ts';

/** Where the Go types live; clients know the definitions by these names. */
const PACKAGE = 'io.k8s.metrics.pkg.apis.metrics.v1beta1.';

const USAGE_MAP = { map: 'quantity' } as const;

const MEASURED: readonly FieldSchema[] = [
  {
    name: 'timestamp',
    type: 'time',
    required: true,
    description:
      'When the usage was measured, by the clock of the node: the end of the window over which CPU was averaged.',
  },
  // No description of its own: the type says what there is to say.
  { name: 'window', type: 'duration', required: true },
];

const CONTAINER_METRICS: ObjectSchema = {
  name: `${PACKAGE}ContainerMetrics`,
  description: 'What one running container uses.',
  fields: [
    {
      name: 'name',
      type: 'string',
      required: true,
      description: 'The name of the container, as in the spec of its pod.',
    },
    {
      name: 'usage',
      type: USAGE_MAP,
      required: true,
      description:
        'What the container uses, by resource: cpu in cores, averaged over the window, and memory as the working set in bytes.',
    },
  ],
};

export const NODE_METRICS: KindSchema = {
  package: PACKAGE,
  description:
    'What a node uses, as its kubelet measured it. Nodes whose figures are missing or too old are not served.',
  listDescription: 'What the nodes use.',
  itemsDescription: 'One entry for each node that has figures, by name.',
  fields: [
    ...MEASURED,
    {
      name: 'usage',
      type: USAGE_MAP,
      required: true,
      description:
        'What the node uses, by resource: cpu in cores, averaged over the window, and memory as the working set in bytes.',
    },
  ],
};

export const POD_METRICS: KindSchema = {
  package: PACKAGE,
  description:
    'What the containers of a running pod use, as the kubelet measured it. A pod is served whole or not at all.',
  listDescription: 'What the pods use.',
  itemsDescription: 'One entry for each pod that has figures, by namespace and name.',
  fields: [
    ...MEASURED,
    {
      name: 'containers',
      type: { list: CONTAINER_METRICS },
      required: true,
      description: 'What each running container uses, by name. All were measured over one window.',
      extensions: { 'x-kubernetes-list-type': 'atomic' },
    },
  ],
};
