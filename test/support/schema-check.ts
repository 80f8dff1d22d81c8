/** Holds JSON against a schema of OpenAPI 3.0, as far as our documents use it. */

export interface OpenApiSchema {
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly required?: readonly string[];
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly default?: unknown;
}

export type Schemas = Readonly<Record<string, OpenApiSchema>>;

/** What does not fit, one line each with its path. A member that the schema does not know does not fit. */
export function mismatches(
  value: unknown,
  schema: OpenApiSchema,
  schemas: Schemas,
  path = '$',
): string[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '');
    const found = schemas[name];
    return found ? mismatches(value, found, schemas, path) : [`${path}: no schema ${name}`];
  }
  if (schema.allOf) {
    return schema.allOf.flatMap((part) => mismatches(value, part, schemas, path));
  }
  if (schema.oneOf) {
    const fitting = schema.oneOf.filter(
      (part) => mismatches(value, part, schemas, path).length === 0,
    );
    return fitting.length === 1 ? [] : [`${path}: fits ${fitting.length} of oneOf`];
  }
  return typeMismatches(value, schema, schemas, path);
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

function typeMismatches(
  value: unknown,
  schema: OpenApiSchema,
  schemas: Schemas,
  path: string,
): string[] {
  const wrong = [`${path}: ${JSON.stringify(value)} is no ${schema.type ?? 'value without type'}`];
  if (schema.type === 'array' && Array.isArray(value)) {
    const { items = {} } = schema;
    return value.flatMap((item, at) => mismatches(item, items, schemas, `${path}[${at}]`));
  }
  if (schema.type === 'object' && isObject(value)) {
    return memberMismatches(value, schema, schemas, path);
  }
  return isScalar(value, schema) ? [] : wrong;
}

function isScalar(value: unknown, { type, format }: OpenApiSchema): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'string' && format === 'date-time') return DATE_TIME.test(String(value));
  return (type === 'string' || type === 'boolean' || type === 'number') && typeof value === type;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberMismatches(
  value: Readonly<Record<string, unknown>>,
  { properties = {}, required = [], additionalProperties }: OpenApiSchema,
  schemas: Schemas,
  path: string,
): string[] {
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => `${path}: no ${name}`);
  const members = Object.entries(value).flatMap(([name, member]) => {
    const schema = properties[name] ?? additionalProperties;
    const place = `${path}.${name}`;
    return schema ? mismatches(member, schema, schemas, place) : [`${place}: not in the schema`];
  });
  return [...missing, ...members];
}
