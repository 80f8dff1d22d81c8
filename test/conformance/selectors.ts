import type { ResourcePath } from './side.ts';

/** What selectors look at. */
export interface Selectable {
  readonly namespace: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/**
 * Whether a list of pods that was answered with 200 has this pod, by namespace and selectors. Selectors have
 * been accepted then, so what is left to do is to match; the server's own code has no part in it.
 */
export function isSelected(asked: ResourcePath, pod: Selectable): boolean {
  if (asked.namespace !== '' && asked.namespace !== pod.namespace) return false;
  const { byLabels, byFields } = termsOf(asked);
  return (
    byLabels.every((term) => matchesLabels(term, pod.labels)) &&
    byFields.every((term) => matchesField(term, pod))
  );
}

/** Whether a selector asks for anything: some are there, and select everything. */
export function hasSelectors(asked: ResourcePath): boolean {
  const { byLabels, byFields } = termsOf(asked);
  return byLabels.length > 0 || byFields.length > 0;
}

function termsOf({ query }: ResourcePath) {
  const byLabels = requirementsOf(query.get('labelSelector') ?? '');
  // Without a name and without a value a term asks for nothing, whatever the operator.
  const byFields = (query.get('fieldSelector') ?? '').split(',');
  return { byLabels, byFields: byFields.filter((term) => !/^(?:==?|!=)?$/.test(term)) };
}

/** Split at the commas that are not within parentheses. */
function requirementsOf(selector: string): string[] {
  const [read = ''] = selector.split('\0'); // where upstream stops reading
  return read
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

function matchesLabels(term: string, labels: ReadonlyMap<string, string>): boolean {
  const [, setKey, word, list] = /^(\S+)\s+(in|notin)\s*\((.*)\)$/.exec(term) ?? [];
  if (setKey !== undefined) {
    const values = (list ?? '').split(',').map((value) => value.trim());
    const isOneOf = values.includes(labels.get(setKey) ?? '\0');
    return word === 'in' ? isOneOf : !isOneOf;
  }
  const [, key, operator = '', value = ''] =
    /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*(.*)$/.exec(term) ?? [];
  if (key !== undefined) return compares(labels.get(key), operator, value);
  return term.startsWith('!') ? !labels.has(term.slice(1).trim()) : labels.has(term);
}

function compares(label: string | undefined, operator: string, value: string): boolean {
  if (operator === '!=') return label !== value;
  if (operator === '=' || operator === '==') return label === value;
  if (label === undefined || !/^-?\d+$/.test(label)) return false;
  return operator === '>' ? Number(label) > Number(value) : Number(label) < Number(value);
}

/** A backslash keeps the next character from meaning anything; no name of a pod has one. */
function matchesField(term: string, pod: Selectable): boolean {
  const [, field, operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term) ?? [];
  const actual = field === 'metadata.name' ? pod.name : pod.namespace;
  return (operator === '!=') !== (actual === value);
}
