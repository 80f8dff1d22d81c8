import { notAcceptable } from '../apimachinery/status-error.ts';
import type { KubeObject } from './kube-object.ts';

/** In which shape a client wants objects. */
export type Representation =
  | { readonly as: 'object' }
  /** Metadata only: PartialObjectMetadata of meta.k8s.io. */
  | { readonly as: 'partial'; readonly version: MetaVersion; readonly protobuf?: true }
  /** For printing: Table of meta.k8s.io. */
  | { readonly as: 'table'; readonly version: MetaVersion };

export type MetaVersion = 'v1' | 'v1beta1';

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** The clauses of an Accept header by falling quality, equal ones in their order (RFC 9110 section 12.5.1). */
export function parseAccept(accept: string): readonly MediaRange[] {
  const clauses = accept.split(',').flatMap((clause) => {
    const [type = '', ...parameters] = clause.split(';').map((part) => part.trim());
    if (type === '') return [];
    const pairs = parameters.map((parameter) => {
      const [key = '', value = ''] = parameter.split('=');
      return [key.trim().toLowerCase(), value.trim()] as const;
    });
    const values = new Map(pairs);
    const quality = Number(values.get('q') ?? '1');
    return [{ type: type.toLowerCase(), parameters: values, quality }];
  });
  return clauses.sort((left, right) => right.quality - left.quality);
}

/** Media type of Kubernetes objects in protobuf. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

export function isJson({ type }: MediaRange): boolean {
  return type === 'application/json' || type === 'application/*' || type === '*/*';
}

/**
 * The first shape of the Accept header that is known here. Protobuf is for metadata only: clients that prefer it for
 * more name JSON as well.
 * @throws StatusError 406
 */
export function chooseRepresentation(accept: string | undefined): Representation {
  if (accept === undefined || accept.trim() === '') return { as: 'object' };
  for (const range of parseAccept(accept)) {
    const isProtobuf = range.type === PROTOBUF;
    if (!isProtobuf && !isJson(range)) continue;
    const representation = representationOf(range);
    if (isProtobuf && representation?.as === 'partial')
      return { ...representation, protobuf: true };
    if (!isProtobuf && representation) return representation;
  }
  throw notAcceptable(
    'only the following media types are accepted: application/json (the simulated kube-apiserver writes no YAML, and protobuf of metadata only)',
    undefined,
  );
}

function representationOf({ parameters }: MediaRange): Representation | undefined {
  const as = parameters.get('as');
  if (as === undefined) return { as: 'object' };
  const version = parameters.get('v');
  if (parameters.get('g') !== 'meta.k8s.io') return undefined;
  if (version !== 'v1' && version !== 'v1beta1') return undefined;
  if (as === 'Table') return { as: 'table', version };
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
    return { as: 'partial', version };
  }
  return undefined;
}

export function toPartial({ metadata }: KubeObject, version: MetaVersion): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}

/** One object as the answer to a get, or within a watch event. */
export function toDocument(object: KubeObject, representation: Representation): object {
  if (representation.as === 'partial') return toPartial(object, representation.version);
  const { apiVersion, kind, metadata, ...content } = object;
  return { kind, apiVersion, metadata, ...content };
}

/** One object as an item of a list: a typed list's items carry no kind of their own. */
export function toItem(object: KubeObject, representation: Representation): object {
  if (representation.as === 'partial') return toPartial(object, representation.version);
  const { metadata, ...rest } = object;
  const content: Record<string, unknown> = { ...rest };
  delete content['apiVersion'];
  delete content['kind'];
  return { metadata, ...content };
}
