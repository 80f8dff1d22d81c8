import { compareBytes } from './byte-order.ts';
import { goQuote } from './go-quote.ts';
import { SelectorError } from './selector-error.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Which objects are meant, by their fields. All requirements must hold; none means every object. */
export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  get isEverything(): boolean {
    return this.requirements.length === 0;
  }

  /** `valueOf` gives a field's value of the object in question, '' when it has none. */
  matches(valueOf: (field: string) => string): boolean {
    return this.requirements.every(
      ({ field, operator, value }) => (valueOf(field) === value) === (operator === '='),
    );
  }

  /** The one value that the field must have; undefined when it may have several. */
  requiresExactMatch(field: string): string | undefined {
    return this.requirements.find(
      (requirement) => requirement.field === field && requirement.operator === '=',
    )?.value;
  }
}

/**
 * Reads `?fieldSelector=` for a resource that has the `supported` fields (as upstream:
 * apimachinery/pkg/fields/selector.go).
 * @throws SelectorError with upstream's message.
 */
export function parseFieldSelector(text: string, supported: readonly string[]): FieldSelector {
  const selector = parseFieldTerms(text);
  refuseUnknownFields(selector, supported);
  return selector;
}

/** The second half of parseFieldSelector: upstream looks at other options between the two. */
export function refuseUnknownFields(selector: FieldSelector, supported: readonly string[]): void {
  const unknown = selector.requirements.find(({ field }) => !supported.includes(field));
  if (unknown === undefined) return;
  const known = supported.map(goQuote).join(', ');
  throw new SelectorError(`${goQuote(unknown.field)} is not a known field selector: only ${known}`);
}

/** The same for any fields, as the request info and access reviews read it. */
export function parseFieldTerms(text: string): FieldSelector {
  // Upstream sorts the terms before it reads them, so the first mistake reported is the first in that order.
  const terms = splitTerms(text).sort(compareBytes);
  const requirements = terms.filter((term) => term !== '').map((term) => requirementOf(text, term));
  // A term that names nothing (`=`, `!=`) restricts nothing there.
  return new FieldSelector(requirements.filter(({ field, value }) => field !== '' || value !== ''));
}

/** Splits at commas; a backslash protects the character after it, and both stay in the term. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let term = '';
  for (const [piece] of text.matchAll(/\\.|[^]/gsu)) {
    if (piece === ',') {
      terms.push(term);
      term = '';
    } else term += piece;
  }
  return [...terms, term];
}

function requirementOf(selector: string, term: string): FieldRequirement {
  const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
  if (!match) {
    throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`);
  }
  const [, field = '', operator, value = ''] = match;
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) };
}

function unescapeValue(text: string): string {
  return text.replace(/\\(.?)|[,=]/gsu, (piece: string, escaped: string | undefined) => {
    if (escaped === undefined) {
      throw new SelectorError(
        `invalid field selector: unescaped character in value: ${piece.charCodeAt(0)}`,
      );
    }
    if (/^[\\,=]$/.test(escaped)) return escaped;
    throw new SelectorError(`invalid field selector: invalid escape sequence: ${piece}`);
  });
}
