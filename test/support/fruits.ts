import { LabelSet } from '../../src/apimachinery/label-set.ts';
import { ProtobufWriter } from '../../src/apimachinery/protobuf-writer.ts';
import { notFound } from '../../src/apimachinery/status-error.ts';
import type {
  AnyResource,
  ApiGroup,
  ItemEncoding,
  KindSchema,
  Resource,
} from '../../src/apiserver/api-group.ts';

export interface Fruit {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly grams: number;
}

const encoding: ItemEncoding<Fruit> = {
  metadata: ({ name, namespace }) => ({ name, namespace, labels: LabelSet.empty }),
  json: ({ grams }) => `"grams":${grams}`,
  protobuf: ({ grams }) => new ProtobufWriter().integer(2, grams).toBinary(),
  columns: () => [{ name: 'Grams', type: 'integer', format: '', description: 'Weight' }],
  cells: ({ grams }) => [String(grams)],
};

function schemaOf(kind: string): KindSchema {
  return {
    package: 'com.example.fruits.v1.',
    description: `One ${kind}.`,
    listDescription: `Some of kind ${kind}.`,
    itemsDescription: 'In no order.',
    fields: [{ name: 'grams', type: 'integer', required: true, description: 'Its weight.' }],
  };
}

/** A group that has never heard of metrics: cluster-wide trees, apples in namespaces, and a subresource whose single answer is a list. */
export function fruitsGroup(
  fruits: readonly Fruit[],
  more: () => readonly AnyResource[] = () => [],
): ApiGroup {
  const named = (name: string, kind: string): Resource<Fruit> => ({
    name,
    singularName: name.slice(0, -1),
    kind,
    listKind: `${kind}List`,
    namespaced: kind === 'Apple',
    verbs: ['get', 'list'],
    schema: schemaOf(kind),
    list: ({ namespace }) =>
      fruits.filter((fruit) => namespace === undefined || fruit.namespace === namespace),
    get(request) {
      const found = fruits.find((fruit) => fruit.name === request.name);
      if (!found) throw notFound('fruits.example.com', name, request.name);
      return found;
    },
    encoding,
  });
  const weight: Resource<Fruit> = {
    name: 'apples/weight',
    singularName: '',
    kind: 'Weight',
    listKind: 'WeightList',
    namespaced: true,
    verbs: ['get'],
    schema: { ...schemaOf('Weight'), hasMetadata: false },
    getList: ({ name }) => fruits.filter((fruit) => name === '*' || fruit.name === name),
    encoding: { ...encoding, metadata: () => undefined },
  };
  return {
    name: 'fruits.example.com',
    versions: [
      {
        name: 'v1',
        resources: () => [named('trees', 'Tree'), named('apples', 'Apple'), weight, ...more()],
      },
      { name: 'v1beta1', resources: () => [] },
    ],
  };
}
