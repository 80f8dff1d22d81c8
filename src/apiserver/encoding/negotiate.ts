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
 * The router's view of a header of media types, Accept or Content-Type: literal and case-sensitive,
 * parameters ignored, any one match will do (as upstream: go-restful, route.go). Undefined and '' match.
 */
export function namesOneOf(header: string | undefined, types: readonly string[]): boolean {
  if (header === undefined || header === '') return true;
  return header.split(',').some((clause) => {
    const name = (clause.split(';', 1)[0] ?? '').trim();
    return name === '*/*' || types.includes(name);
  });
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
  for (const clause of parseAccept(accept)) {
    for (const mediaType of served) {
      if (!matches(clause, mediaType.name)) continue;
      const negotiated = withParameters(clause.parameters, mediaType, transforms);
      if (negotiated) return negotiated;
    }
  }
  return undefined;
}

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly weight: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Best first. As upstream (munnerz/goautoneg), a weight of 0 excludes nothing, it comes last. */
function parseAccept(accept: string): Clause[] {
  return accept
    .split(',')
    .flatMap((text) => parseClause(text.trim()) ?? [])
    .sort(
      (left, right) =>
        right.weight - left.weight ||
        Number(left.type === '*') - Number(right.type === '*') ||
        Number(left.subtype === '*') - Number(right.subtype === '*'),
    );
}

function parseClause(text: string): Clause | undefined {
  const [range = '', ...assignments] = text.split(';');
  const [type = '', subtype = '', ...more] = range.split('/').map((part) => part.trim());
  if (more.length > 0 || (subtype === '' && type !== '*')) return undefined;
  const parameters = parseParameters(assignments);
  const weight = weightOf(parameters.get('q'));
  parameters.delete('q');
  return { type, subtype: subtype || '*', weight, parameters };
}

function parseParameters(assignments: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const assignment of assignments) {
    const [key = '', value = '', ...more] = assignment.split('=');
    if (value !== '' && more.length === 0) parameters.set(key.trim(), value.trim());
  }
  return parameters;
}

function weightOf(text: string | undefined): number {
  if (text === undefined) return 1;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : 0;
}

function matches({ type, subtype }: Clause, name: string): boolean {
  if (type === '*' && subtype === '*') return true;
  const [servedType, servedSubtype] = name.split('/');
  return type === servedType && (subtype === '*' || subtype === servedSubtype);
}

function withParameters(
  parameters: ReadonlyMap<string, string>,
  mediaType: MediaType,
  transforms: boolean,
): Negotiated | undefined {
  const stream = parameters.get('stream');
  if (stream !== undefined && !(stream === 'watch' && mediaType.streams)) return undefined;
  const serverVersion = parameters.get('sv');
  if (serverVersion !== undefined && serverVersion !== 'v1') return undefined;
  const pretty = parameters.get('pretty') === '1';
  if (!['as', 'g', 'v'].some((key) => parameters.has(key))) {
    return { mediaType, transform: undefined, pretty };
  }
  const transform = transforms ? transformOf(parameters, mediaType) : undefined;
  return transform && { mediaType, transform, pretty };
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
