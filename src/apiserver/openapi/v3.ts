import { byName, definitionsOf, referenceTo } from './definitions.ts';
import type { Operation } from './operations.ts';
import type { Parameter } from './parameters.ts';
import type { Info } from './v2.ts';

/** One document of OpenAPI 3.0, of operations that belong together. Members stand in the order in which Go writes them. */
export function openApiV3(operations: readonly Operation[], info: Info): object {
  const schemas = definitionsOf(
    operations.map(({ answer }) => answer),
    'v3',
  );
  return {
    openapi: '3.0.0',
    info,
    paths: byName(operations.map((operation) => [operation.path, pathItem(operation)])),
    components: { schemas },
  };
}

function pathItem(operation: Operation): object {
  const { answer, parameters, produces, resource } = operation;
  const schema = referenceTo(answer, 'v3');
  const content = byName(produces.map((mediaType) => [mediaType, { schema }]));
  return {
    get: {
      tags: [operation.tag],
      description: operation.description,
      operationId: operation.id,
      responses: { 200: { description: 'OK', content } },
      ...(resource && {
        'x-kubernetes-action': resource.action,
        'x-kubernetes-group-version-kind': resource.kind,
      }),
    },
    ...(parameters.length > 0 && { parameters: parameters.map(inPlace) }),
  };
}

function inPlace({ name, place, description, type }: Parameter): object {
  return {
    name,
    in: place,
    description,
    ...(place === 'path' && { required: true }),
    schema: { type, uniqueItems: true },
  };
}
