import { parseAccept } from './accept.ts';
import type { Clause } from './accept.ts';

/** What an answer may be turned into, by the `as` parameter of an Accept clause. */
type TransformKind = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface Transform {
  readonly kind: TransformKind;
  /** Of the group meta.k8s.io. */
  readonly version: 'v1' | 'v1beta1';
}

export type MediaTypeName =
  'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf';

export interface MediaType {
  readonly name: MediaTypeName;
  /** Lists may be asked for with `;stream=watch`. */
  readonly streams: boolean;
  readonly transforms: readonly TransformKind[];
}

const PARTIAL = ['PartialObjectMetadata', 'PartialObjectMetadataList'] as const;

/**
 * What we serve, in upstream's order of preference among equals. Every message that names media types is
 * made of this table.
 */
export const SERVED: readonly MediaType[] = [
  { name: 'application/json', streams: true, transforms: ['Table', ...PARTIAL] },
  { name: 'application/yaml', streams: false, transforms: ['Table', ...PARTIAL] },
  { name: 'application/vnd.kubernetes.protobuf', streams: true, transforms: PARTIAL },
];

export interface Negotiated {
  readonly mediaType: MediaType;
  readonly transform: Transform | undefined;
  /** The media parameter `pretty=1`. */
  readonly pretty: boolean;
}

/** The types that a route can produce, as the router names them in its 406. */
export function producibleTypes(served: readonly MediaType[], isList: boolean): readonly string[] {
  const names = served.map(({ name }) => name);
  if (!isList) return names;
  return [
    ...names,
    ...served.filter(({ streams }) => streams).map(({ name }) => `${name};stream=watch`),
  ];
}

/**
 * The router's view of Accept: literal and case-sensitive, parameters ignored, any one match will do (as
 * upstream: go-restful, route.go). Undefined and '' match.
 */
export function namesOneOf(accept: string | undefined, types: readonly string[]): boolean {
  return hasName(accept, (name) => name === '*/*' || types.includes(name));
}

/** The router's view of Content-Type: as of Accept, but a range of types is none. */
export function isOneOf(contentType: string | undefined, types: readonly string[]): boolean {
  return hasName(contentType, (name) => types.includes(name));
}

function hasName(header: string | undefined, isWanted: (name: string) => boolean): boolean {
  if (header === undefined || header === '' || isWanted(header)) return true;
  return header.split(',').some((clause) => isWanted((clause.split(';', 1)[0] ?? '').trim()));
}

/**
 * The encoder's view of Accept, with wildcards, weights and parameters: undefined when nothing that we
 * serve will do. `transforms` says whether this answer may be transformed at all: errors and discovery may not.
 * As upstream: apiserver/pkg/endpoints/handlers/negotiation/negotiate.go.
 */
export function negotiate(
  accept: string | undefined,
  served: readonly MediaType[],
  transforms: boolean,
): Negotiated | undefined {
  const [first] = served;
  if (accept === undefined || accept === '') {
    return first && { mediaType: first, transform: undefined, pretty: false };
  }
  return bestOf(accept, served, (parameters, mediaType) =>
    withParameters(parameters, mediaType, transforms),
  );
}

/** One kind that an answer is turned into on demand only, and never into anything else. */
export interface Target {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * The encoder's view of Accept where one target is offered: clauses that do not ask for it are overlooked, however
 * much they weigh. As upstream: apiserver/pkg/endpoints/discovery/aggregated/negotiation.go.
 */
export function negotiateTarget(
  accept: string | undefined,
  served: readonly MediaType[],
  { group, version, kind }: Target,
): Omit<Negotiated, 'transform'> | undefined {
  return bestOf(accept ?? '', served, (parameters, mediaType) => {
    const isAsked =
      parameters.get('g') === group &&
      parameters.get('v') === version &&
      parameters.get('as') === kind;
    if (!isAsked || !allowsStream(parameters, mediaType)) return undefined;
    if ((parameters.get('sv') ?? '') !== '') return undefined;
    return { mediaType, pretty: parameters.get('pretty') === '1' };
  });
}

/** What is made of the best clause that something can be made of. */
function bestOf<Result>(
  accept: string,
  served: readonly MediaType[],
  resultOf: (parameters: ReadonlyMap<string, string>, mediaType: MediaType) => Result | undefined,
): Result | undefined {
  for (const clause of parseAccept(accept)) {
    for (const mediaType of served) {
      if (!matches(clause, mediaType.name)) continue;
      const result = resultOf(clause.parameters, mediaType);
      if (result !== undefined) return result;
    }
  }
  return undefined;
}

function matches({ type, subtype }: Clause, name: string): boolean {
  if (type === '*' && subtype === '*') return true;
  const slash = name.indexOf('/');
  return (
    type.length === slash &&
    name.startsWith(type) &&
    (subtype === '*' || (subtype.length === name.length - slash - 1 && name.endsWith(subtype)))
  );
}

function withParameters(
  parameters: ReadonlyMap<string, string>,
  mediaType: MediaType,
  transforms: boolean,
): Negotiated | undefined {
  if (!allowsStream(parameters, mediaType)) return undefined;
  const serverVersion = parameters.get('sv') ?? '';
  if (serverVersion !== '' && !(serverVersion === 'v1' && transforms)) return undefined;
  const pretty = parameters.get('pretty') === '1';
  if (!['as', 'g', 'v'].some((key) => parameters.has(key))) {
    return { mediaType, transform: undefined, pretty };
  }
  const transform = transforms ? transformOf(parameters, mediaType) : undefined;
  return transform && { mediaType, transform, pretty };
}

function allowsStream(parameters: ReadonlyMap<string, string>, { streams }: MediaType): boolean {
  const stream = parameters.get('stream') ?? '';
  return stream === '' || (stream === 'watch' && streams);
}

function transformOf(
  parameters: ReadonlyMap<string, string>,
  { transforms }: MediaType,
): Transform | undefined {
  const kind = transforms.find((name) => name === parameters.get('as'));
  const version = (['v1', 'v1beta1'] as const).find((name) => name === parameters.get('v'));
  if (parameters.get('g') !== 'meta.k8s.io' || !kind || !version) return undefined;
  return { kind, version };
}
