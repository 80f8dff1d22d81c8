import { goQuote } from './go-quote.ts';
import { compareBytes } from './byte-order.ts';
import { labelKeyProblems, labelValueProblems } from './label-syntax.ts';
import type { Labels } from './label-set.ts';
import { scanSelector } from './label-selector-scanner.ts';
import type { Token } from './label-selector-scanner.ts';
import { SelectorError } from './selector-error.ts';

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Distinct and in byte order; none for `exists` and `!`, exactly one for comparisons. */
  readonly values: readonly string[];
}

/** Which objects are meant, by their labels. All requirements must hold; none means every object. */
export class LabelSelector {
  readonly requirements: readonly LabelRequirement[];

  constructor(requirements: readonly LabelRequirement[]) {
    this.requirements = requirements;
  }

  get isEverything(): boolean {
    return this.requirements.length === 0;
  }

  matches(labels: Labels): boolean {
    return this.requirements.every((requirement) => holds(requirement, labels));
  }
}

/**
 * Reads `?labelSelector=` (as upstream: apimachinery/pkg/labels/selector.go).
 * @throws SelectorError with upstream's message.
 */
export function parseLabelSelector(text: string): LabelSelector {
  return new LabelSelector(new Parser(scanSelector(text)).selector());
}

function holds({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labels.get(key);
  const isUnequal = operator === '!=' || operator === 'notin';
  if (value === undefined) return isUnequal || operator === '!';
  if (operator === 'exists' || operator === '!') return operator === 'exists';
  if (operator === 'gt' || operator === 'lt') return compares(value, operator, values[0] ?? '');
  return values.includes(value) !== isUnequal;
}

function compares(value: string, operator: 'gt' | 'lt', limit: string): boolean {
  const [left, right] = [toInt64(value), toInt64(limit)];
  if (left === undefined || right === undefined) return false;
  return operator === 'gt' ? left > right : left < right;
}

/** As strconv.ParseInt(text, 10, 64); undefined where that fails. */
function toInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

const OPERATORS = new Map<Token['kind'], LabelOperator>([
  ['in', 'in'],
  ['notin', 'notin'],
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['>', 'gt'],
  ['<', 'lt'],
]);

/** Recursive descent over the tokens; `in` and `notin` are identifiers wherever no operator can stand. */
class Parser {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  selector(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.peek().kind === 'end') return requirements;
    if (!this.startsRequirement()) {
      throw new SelectorError(
        `found '${this.peek().text}', expected: !, identifier, or 'end of string'`,
      );
    }
    for (;;) {
      requirements.push(this.requirement());
      const { kind, text } = this.next();
      if (kind === 'end') return requirements;
      if (kind !== ',') {
        throw new SelectorError(`found '${text}', expected: ',' or 'end of string'`);
      }
      if (!this.startsRequirement()) {
        throw new SelectorError(`found '${this.peek().text}', expected: identifier after ','`);
      }
    }
  }

  private startsRequirement(): boolean {
    const { kind } = this.peek();
    return kind === 'identifier' || kind === '!';
  }

  private requirement(): LabelRequirement {
    const isNegated = this.peek().kind === '!';
    if (isNegated) this.next();
    const key = this.next();
    if (key.kind !== 'identifier') throw unreadable(`found '${key.text}', expected: identifier`);
    const problems = labelKeyProblems(key.text);
    if (problems.length > 0) throw unreadable(invalid('<nil>', key.text, problems));

    if (isNegated) return { key: key.text, operator: '!', values: [] };
    if (this.endsRequirement()) return { key: key.text, operator: 'exists', values: [] };
    const operator = this.operator();
    const values = operator === 'in' || operator === 'notin' ? this.values() : [this.value()];
    return checked({ key: key.text, operator, values });
  }

  private operator(): LabelOperator {
    const { kind, text } = this.next(true);
    const operator = OPERATORS.get(kind);
    if (operator) return operator;
    throw unreadable(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  private value(): string {
    if (this.endsRequirement()) return '';
    const { kind, text } = this.next();
    if (kind !== 'identifier') throw unreadable(`found '${text}', expected: identifier`);
    return text;
  }

  private values(): string[] {
    const open = this.next();
    if (open.kind !== '(') throw unreadable(`found '${open.text}' expected: '('`);
    const { kind, text } = this.peek();
    if (kind !== 'identifier' && kind !== ',' && kind !== ')') {
      throw unreadable(`found '${text}', expected: ',', ')' or identifier`);
    }
    const values = new Set<string>();
    do {
      values.add(this.listedValue());
    } while (this.next().kind === ',');
    return [...values].sort(compareBytes);
  }

  /** One value of `(a,,b)`, empty where nothing stands before the comma or the parenthesis. */
  private listedValue(): string {
    const isGiven = this.peek().kind === 'identifier';
    const value = isGiven ? this.next().text : '';
    const { kind, text } = this.peek();
    if (kind === ',' || kind === ')') return value;
    throw unreadable(`found '${text}', expected: ${isGiven ? "',' or ')'" : "',', or identifier"}`);
  }

  private endsRequirement(): boolean {
    const { kind } = this.peek();
    return kind === 'end' || kind === ',';
  }

  private peek(isOperatorExpected = false): Token {
    const token = this.tokens[this.at] ?? { kind: 'end', text: '' };
    const isWord = token.kind === 'in' || token.kind === 'notin';
    return isWord && !isOperatorExpected ? { kind: 'identifier', text: token.text } : token;
  }

  private next(isOperatorExpected = false): Token {
    const token = this.peek(isOperatorExpected);
    this.at++;
    return token;
  }
}

function checked(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement;
  const problems: string[] = [];
  if ((operator === 'gt' || operator === 'lt') && toInt64(values[0] ?? '') === undefined) {
    const problem = "for 'Gt', 'Lt' operators, the value must be an integer";
    problems.push(invalid('values[0]', values[0] ?? '', [problem]));
  }
  for (const [at, value] of values.entries()) {
    const found = labelValueProblems(value);
    if (found.length > 0) problems.push(invalid(`values[${at}][${key}]`, value, found));
  }
  if (problems.length === 0) return requirement;
  throw unreadable(problems.length === 1 ? problems.join('') : `[${problems.join(', ')}]`);
}

function invalid(path: string, value: string, problems: readonly string[]): string {
  return `${path}: Invalid value: ${goQuote(value)}: ${problems.join('; ')}`;
}

function unreadable(problem: string): SelectorError {
  return new SelectorError(`unable to parse requirement: ${problem}`);
}
