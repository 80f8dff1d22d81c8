/** A requirement as the tests compare it: key, operator (`==` as `=`), values in their order as text. */
export type Requirement = readonly [key: string, operator: string, values: readonly string[]];

/**
 * The grammar of contract.md 3.9 once more, one character at a time and without tokens, for decisions
 * only. Undefined: refused.
 */
export function readLabelSelector(text: string): Requirement[] | undefined {
  try {
    return new Reader(text).selector();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** Whether labels satisfy all requirements. */
export function labelsMatch(
  requirements: readonly Requirement[],
  labels: ReadonlyMap<string, string>,
): boolean {
  return requirements.every((requirement) => holds(requirement, labels.get(requirement[0])));
}

/** `value` is undefined when the label is not there. */
function holds([, operator, values]: Requirement, value: string | undefined): boolean {
  const [wanted = ''] = values;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '=':
    case 'in':
      return values.some((one) => one === value);
    case '!=':
    case 'notin':
      return !values.some((one) => one === value);
    default: {
      if (value === undefined || !isInt64(value)) return false;
      const [left, right] = [BigInt(value), BigInt(wanted)];
      return operator === 'gt' ? left > right : left < right;
    }
  }
}

class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** The longer symbols first. */
const COMPARISONS = [
  ['==', '='],
  ['!=', '!='],
  ['=', '='],
  ['>', 'gt'],
  ['<', 'lt'],
] as const;
const BLANKS = ' \t\r\n';
const SYMBOLS = '=!(),<>';
/** Upstream's lexer takes it for the end of the text, unless a word or symbol stands right before it. */
const NUL = '\0';

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  selector(): Requirement[] {
    const requirements: Requirement[] = [];
    if (this.isOver()) return requirements;
    do requirements.push(this.requirement());
    while (this.took(','));
    if (!this.isOver()) throw new Refusal();
    return requirements;
  }

  private requirement(): Requirement {
    const isAbsence = this.took('!');
    const key = this.word();
    if (!isLabelKey(key)) throw new Refusal();
    const isAlone = this.isOver() || this.sees(',');
    if (isAbsence) {
      // `!a=b` reads as an absence with something behind it.
      if (!isAlone) throw new Refusal();
      return [key, '!', []];
    }
    if (isAlone) return [key, 'exists', []];
    return [key, ...this.comparison()];
  }

  private comparison(): [operator: string, values: string[]] {
    for (const [symbol, operator] of COMPARISONS) {
      if (!this.took(symbol)) continue;
      const value = labelValue(this.optionalWord());
      if (operator.endsWith('t') && !isInt64(value)) throw new Refusal();
      return [operator, [value]];
    }
    const operator = this.word();
    if (operator !== 'in' && operator !== 'notin') throw new Refusal();
    return [operator, this.list()];
  }

  private list(): string[] {
    const values = new Set<string>();
    if (!this.took('(')) throw new Refusal();
    do values.add(labelValue(this.sees(',') || this.sees(')') ? '' : this.word()));
    while (this.took(','));
    if (!this.took(')')) throw new Refusal();
    return [...values].sort();
  }

  private took(symbol: string): boolean {
    if (!this.sees(symbol)) return false;
    this.at += symbol.length;
    this.skipNul();
    return true;
  }

  private sees(symbol: string): boolean {
    this.skipBlanks();
    return this.text.startsWith(symbol, this.at);
  }

  /** Absent before a comma and at the end. */
  private optionalWord(): string {
    return this.isOver() || this.sees(',') ? '' : this.word();
  }

  private word(): string {
    this.skipBlanks();
    const start = this.at;
    while (this.at < this.text.length && !`${BLANKS}${SYMBOLS}${NUL}`.includes(this.here())) {
      this.at++;
    }
    const word = this.text.slice(start, this.at);
    if (word === '') throw new Refusal();
    this.skipNul();
    return word;
  }

  private isOver(): boolean {
    this.skipBlanks();
    return this.at >= this.text.length || this.here() === NUL;
  }

  private here(): string {
    return this.text.charAt(this.at);
  }

  private skipBlanks(): void {
    while (this.at < this.text.length && BLANKS.includes(this.here())) this.at++;
  }

  private skipNul(): void {
    if (this.here() === NUL) this.at++;
  }
}

function labelValue(text: string): string {
  if (text !== '' && !isName(text)) throw new Refusal();
  return text;
}

/** An optional DNS subdomain and a slash, then a name. */
function isLabelKey(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash === -1) return isName(text);
  return isSubdomain(text.slice(0, slash)) && isName(text.slice(slash + 1));
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ALPHANUMERIC = LOWER + LOWER.toUpperCase() + DIGITS;

/** At most 63 characters, letters and digits at the ends, `-_.` too inside. */
function isName(text: string): boolean {
  return text.length <= 63 && isMadeOf(text, ALPHANUMERIC, `${ALPHANUMERIC}-_.`);
}

function isSubdomain(text: string): boolean {
  return (
    text.length <= 253 &&
    text.split('.').every((label) => isMadeOf(label, LOWER + DIGITS, `${LOWER}${DIGITS}-`))
  );
}

function isMadeOf(text: string, ends: string, inside: string): boolean {
  const letters = Array.from(text);
  const first = letters.at(0);
  const final = letters.at(-1);
  if (first === undefined || final === undefined) return false;
  return (
    ends.includes(first) && ends.includes(final) && letters.every((one) => inside.includes(one))
  );
}

/** As strconv.ParseInt reads base 10. */
export function isInt64(text: string): boolean {
  const digits = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text;
  if (digits === '' || !Array.from(digits).every((digit) => DIGITS.includes(digit))) return false;
  const magnitude = BigInt(digits);
  return text.startsWith('-') ? magnitude <= 2n ** 63n : magnitude < 2n ** 63n;
}
