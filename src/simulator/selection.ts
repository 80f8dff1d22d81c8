import { parseFieldSelector } from '../apimachinery/field-selector.ts';
import { parseLabelSelector } from '../apimachinery/label-selector.ts';
import { SelectorError } from '../apimachinery/selector-error.ts';
import { StatusError, badRequest } from '../apimachinery/status-error.ts';
import type { ApiRequest } from './api-request.ts';
import { type KubeObject, labelsOf } from './kube-object.ts';
import { type ResourceType, fieldOf, selectableFields } from './resource-type.ts';

/** Which objects a list or watch is about. */
export interface Selection {
  /** No selector at all: then a list may say how many items remain. */
  readonly isEverything: boolean;
  includes(object: KubeObject): boolean;
}

/** @throws StatusError 400 for selectors that cannot be read. */
export function selectionOf(type: ResourceType, request: ApiRequest): Selection {
  const { namespace, query } = request;
  const labels = reading(() => parseLabelSelector(query.get('labelSelector') ?? ''));
  const fields = reading(() =>
    parseFieldSelector(query.get('fieldSelector') ?? '', selectableFields(type)),
  );
  return {
    isEverything: labels.isEverything && fields.isEverything,
    includes: (object) =>
      (namespace === '' || object.metadata.namespace === namespace) &&
      (labels.isEverything || labels.matches(labelsOf(object))) &&
      fields.matches((field) => fieldOf(object, field)),
  };
}

function reading<Selector>(parse: () => Selector): Selector {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

/**
 * A resource version of the query; undefined when there is none.
 * @throws StatusError 400 when it is no number.
 */
export function revisionOf({ query }: ApiRequest): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`Invalid value: "${text}": resourceVersion: invalid`);
  return Number(text);
}

/** Text and shape as upstream: storage.NewTooLargeResourceVersionError. */
export function tooLargeRevision(wanted: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    details: {
      causes: [
        { reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' },
      ],
      retryAfterSeconds: 1,
    },
  });
}
