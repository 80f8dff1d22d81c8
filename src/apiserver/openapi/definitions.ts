import { compareBytes } from '../../apimachinery/byte-order.ts';
import type { FieldSchema, FieldType, ObjectSchema } from '../../apimachinery/type-schema.ts';

/** The two ways in which OpenAPI writes the same types down: 2.0 (Swagger) and 3.0. */
export type Dialect = 'v2' | 'v3';

type Json = Readonly<Record<string, unknown>>;

const REFERENCES: Readonly<Record<Dialect, string>> = {
  v2: '#/definitions/',
  v3: '#/components/schemas/',
};

/** Types that are one JSON value each, and have a definition of their own nevertheless. */
const NAMED_VALUES = {
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    description:
      'An amount with a unit, exact to 1e-9: a decimal number with a suffix n, u, m, k, M, G, T, P or E (powers of ten), or Ki, Mi, Gi, Ti, Pi or Ei (powers of two), or with an exponent as in 12e6. 250m is a quarter of a core, 64Mi are 64 * 1024 * 1024 bytes. Always written as a string, with the greatest suffix that leaves a whole number; a reader also takes a plain number.',
    v2: { type: 'string' },
    v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  time: {
    name: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
    description: 'A moment in UTC as RFC 3339 writes it, in whole seconds: 2026-11-20T10:00:15Z.',
    v2: { type: 'string', format: 'date-time' },
    v3: { type: 'string', format: 'date-time' },
  },
  duration: {
    name: 'io.k8s.apimachinery.pkg.apis.meta.v1.Duration',
    description: 'A length of time as Go prints it: 15s, 1m0s, 10.5s.',
    v2: { type: 'string' },
    v3: { type: 'string' },
  },
  fields: {
    name: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
    description:
      'A set of fields as a tree of objects. A key f:NAME stands for a field, k:KEYS for the item of a list with these keys, v:VALUE for the item with this value, i:INDEX for the item at this place; an empty object ends a path.',
    v2: { type: 'object' },
    v3: { type: 'object' },
  },
} as const satisfies Record<string, { name: string; description: string; v2: Json; v3: Json }>;

/**
 * The definitions of these types and of all that they are made of, by name, in the order of names. Members of each
 * stand in the order in which Go writes them.
 */
export function definitionsOf(
  types: Iterable<ObjectSchema>,
  dialect: Dialect,
): Record<string, Json> {
  const found = new Map<string, Json>();
  const visit = (type: FieldType): void => {
    if (typeof type === 'string') {
      const named = namedValue(type);
      if (named) found.set(named.name, { description: named.description, ...named[dialect] });
    } else if ('list' in type) visit(type.list);
    else if ('map' in type) visit(type.map);
    else if (!found.has(type.name)) {
      found.set(type.name, objectDefinition(type, dialect));
      for (const field of type.fields) visit(field.type);
    }
  };
  for (const type of types) visit(type);
  return byName(found);
}

/** How a type is referred to. */
export function referenceTo({ name }: { readonly name: string }, dialect: Dialect): Json {
  return { $ref: `${REFERENCES[dialect]}${name}` };
}

/** An object whose keys are in byte order, as Go writes maps. */
export function byName<Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> {
  return Object.fromEntries([...entries].sort(([left], [right]) => compareBytes(left, right)));
}

function namedValue(type: string): (typeof NAMED_VALUES)[keyof typeof NAMED_VALUES] | undefined {
  return Object.hasOwn(NAMED_VALUES, type)
    ? NAMED_VALUES[type as keyof typeof NAMED_VALUES]
    : undefined;
}

function objectDefinition(
  { description, fields, extensions }: ObjectSchema,
  dialect: Dialect,
): Json {
  const required = fields.filter((field) => field.required).map(({ name }) => name);
  return {
    description,
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: byName(fields.map((field) => [field.name, property(field, dialect)])),
    ...extensions,
  };
}

function property(field: FieldSchema, dialect: Dialect): Json {
  const { description, type, extensions } = field;
  return {
    ...(description !== undefined && { description }),
    ...(isReference(type)
      ? referenceMembers(field, dialect)
      : { ...valueOf(type, dialect), ...zeroDefault(field, dialect) }),
    ...extensions,
  };
}

function isReference(type: FieldType): boolean {
  return typeof type === 'string' ? namedValue(type) !== undefined : 'name' in type;
}

/** In 3.0 nothing may stand beside a reference; so it is wrapped, once there is something to stand beside it. */
function referenceMembers({ description, type, embedded }: FieldSchema, dialect: Dialect): Json {
  const reference = valueOf(type, dialect);
  if (dialect === 'v2' || description === undefined) return reference;
  return { ...(embedded && { default: {} }), allOf: [reference] };
}

/** What a field holds when nobody has set it, for those that are always written. Only 3.0 says so. */
function zeroDefault({ type, required }: FieldSchema, dialect: Dialect): Json {
  if (dialect === 'v2' || !required) return {};
  if (type === 'string') return { default: '' };
  if (type === 'boolean') return { default: false };
  return {};
}

function valueOf(type: FieldType, dialect: Dialect): Json {
  if (typeof type !== 'string') {
    if ('list' in type) return { type: 'array', items: valueOf(type.list, dialect) };
    if ('map' in type) return { type: 'object', additionalProperties: valueOf(type.map, dialect) };
    return referenceTo(type, dialect);
  }
  const named = namedValue(type);
  if (named) return referenceTo(named, dialect);
  return type === 'integer' ? { type: 'integer', format: 'int64' } : { type };
}
