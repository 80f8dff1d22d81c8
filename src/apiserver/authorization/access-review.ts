import { compareBytes } from '../../apimachinery/byte-order.ts';
import { parseFieldTerms } from '../../apimachinery/field-selector.ts';
import { type LabelOperator, parseLabelSelector } from '../../apimachinery/label-selector.ts';
import { SelectorError } from '../../apimachinery/selector-error.ts';
import type { AccessRequest, Attributes } from './authorizer.ts';

/** `spec` of authorization.k8s.io/v1 SubjectAccessReview; keys in the order of the Go struct, empty ones left out. */
export interface AccessReviewSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  readonly uid?: string;
}

interface ResourceAttributes {
  readonly namespace?: string;
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly fieldSelector?: { readonly requirements: readonly Requirement[] };
  readonly labelSelector?: { readonly requirements: readonly Requirement[] };
}

interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** The question to kube-apiserver (as upstream: apiserver/plugin/pkg/authorizer/webhook; contract 7.2). */
export function accessReviewSpec({ user, request }: Attributes): AccessReviewSpec {
  const { groups, extra } = user;
  return {
    ...(request.isResource
      ? { resourceAttributes: resourceAttributes(request) }
      : { nonResourceAttributes: withoutEmpty({ path: request.path, verb: request.verb }) }),
    ...withoutEmpty({ user: user.name }),
    ...(groups.length > 0 && { groups }),
    ...(extra.size > 0 && { extra: sortedByKey(extra) }),
    ...withoutEmpty({ uid: user.uid }),
  };
}

/**
 * A text that no other question has. Of selectors it says what was written, and not what it means: so it is made without
 * a look into them, which most requests can be spared, as their answers are known.
 */
export function questionText({ user, request }: Attributes): string {
  const { namespace, verb, group, version, resource, subresource, name, path } = request;
  const what = [namespace, verb, group, version, resource, subresource, name];
  const where = request.isResource ? [request.fieldSelector, request.labelSelector] : [path];
  return JSON.stringify([user.name, user.uid, user.groups, [...user.extra], what, where]);
}

/** Bytes of what the client chose: very long ones are not worth a place in the cache. */
export function controlledBytes(request: AccessRequest): number {
  const { namespace, verb, group, version, resource, subresource, name, path } = request;
  const { fieldSelector, labelSelector } = request;
  const resourceText = namespace + verb + group + version + resource + subresource + name;
  return Buffer.byteLength(resourceText + path + fieldSelector + labelSelector);
}

function resourceAttributes(request: AccessRequest): ResourceAttributes {
  const { namespace, verb, group, version, resource, subresource, name } = request;
  const fields = fieldRequirements(request.fieldSelector);
  const labels = labelRequirements(request.labelSelector);
  return {
    ...withoutEmpty({ namespace, verb, group, version, resource, subresource, name }),
    ...(fields.length > 0 && { fieldSelector: { requirements: fields } }),
    ...(labels.length > 0 && { labelSelector: { requirements: labels } }),
  };
}

function fieldRequirements(selector: string): Requirement[] {
  const requirements = lenient(() => parseFieldTerms(selector).requirements);
  return requirements.map(({ field, operator, value }) => ({
    key: field,
    operator: operator === '=' ? 'In' : 'NotIn',
    values: [value],
  }));
}

const OPERATORS: ReadonlyMap<LabelOperator, Requirement['operator']> = new Map([
  ['=', 'In'],
  ['==', 'In'],
  ['in', 'In'],
  ['!=', 'NotIn'],
  ['notin', 'NotIn'],
  ['exists', 'Exists'],
  ['!', 'DoesNotExist'],
] as const);

/** Comparisons by size have no operator in a review and are left out: the answer is then about more objects, not fewer. */
function labelRequirements(selector: string): Requirement[] {
  const requirements = lenient(() => parseLabelSelector(selector).requirements);
  return requirements
    .flatMap(({ key, operator: written, values }): Requirement[] => {
      const operator = OPERATORS.get(written);
      return operator ? [{ key, operator, ...(values.length > 0 && { values }) }] : [];
    })
    .sort((one, other) => compareBytes(one.key, other.key));
}

/** A selector that cannot be read is left out here; the handler answers 400 for it later. */
function lenient<Requirements extends readonly unknown[]>(
  read: () => Requirements,
): Requirements | readonly [] {
  try {
    return read();
  } catch (err) {
    if (err instanceof SelectorError) return [];
    throw err;
  }
}

function withoutEmpty<Key extends string>(
  members: Readonly<Record<Key, string>>,
): Partial<Record<Key, string>> {
  const present = Object.entries<string>(members).filter(([, value]) => value !== '');
  return Object.fromEntries(present) as Partial<Record<Key, string>>;
}

/** Go writes maps in the order of their keys; equal questions must be equal texts. */
function sortedByKey(
  extra: ReadonlyMap<string, readonly string[]>,
): Record<string, readonly string[]> {
  return Object.fromEntries([...extra].sort(([one], [other]) => compareBytes(one, other)));
}
