import { byName, definitionsOf, referenceTo } from './definitions.ts';
import type { Operation } from './operations.ts';
import type { Parameter } from './parameters.ts';

export interface Info {
  readonly title: string;
  readonly version: string;
}

/** The one document of OpenAPI 2.0 (Swagger). Members stand in the order in which Go writes them. */
export function openApiV2(operations: readonly Operation[], info: Info): object {
  const shared = operations
    .flatMap(({ parameters }) => parameters)
    .flatMap((parameter): [string, object][] =>
      parameter.sharedName === undefined ? [] : [[parameter.sharedName, inPlace(parameter)]],
    );
  return {
    swagger: '2.0',
    info,
    paths: byName(operations.map((operation) => [operation.path, pathItem(operation)])),
    definitions: definitionsOf(
      operations.map(({ answer }) => answer),
      'v2',
    ),
    parameters: byName(new Map(shared)),
  };
}

function pathItem(operation: Operation): object {
  const { parameters, resource } = operation;
  return {
    get: {
      description: operation.description,
      consumes: operation.consumes,
      produces: operation.produces,
      schemes: ['https'],
      tags: [operation.tag],
      operationId: operation.id,
      responses: {
        200: { description: 'OK', schema: referenceTo(operation.answer, 'v2') },
      },
      ...(resource && {
        'x-kubernetes-action': resource.action,
        'x-kubernetes-group-version-kind': resource.kind,
      }),
    },
    ...(parameters.length > 0 && {
      parameters: parameters.map((parameter) =>
        parameter.sharedName === undefined
          ? inPlace(parameter)
          : { $ref: `#/parameters/${parameter.sharedName}` },
      ),
    }),
  };
}

function inPlace({ type, description, name, place }: Parameter): object {
  return {
    uniqueItems: true,
    type,
    description,
    name,
    in: place,
    ...(place === 'path' && { required: true }),
  };
}
