/**
 * The order of keys in a YAML mapping as Go's library writes it (go.yaml.in/yaml/v2: sorter.go): letters after
 * everything else, and runs of digits by their number, so that `app2` comes before `app10`.
 */
export function compareYamlKeys(left: string, right: string): number {
  const common = Math.min(left.length, right.length);
  let at = 0;
  while (at < common && left.charCodeAt(at) === right.charCodeAt(at)) at++;
  if (at === common) return left.length - right.length;
  const [l, r] = [left.charCodeAt(at), right.charCodeAt(at)];
  if (isPlainLetter(l) && isPlainLetter(r)) return l - r;
  const lefts = Array.from(left);
  const rights = Array.from(right);
  return compareFrom(
    lefts,
    rights,
    lefts.findIndex((character, index) => character !== rights[index]),
  );
}

/** What almost all keys are made of, and needs no second look. */
function isPlainLetter(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

/** `at` is where they differ first. */
function compareFrom(lefts: readonly string[], rights: readonly string[], at: number): number {
  const [l = '', r = ''] = [lefts[at], rights[at]];
  const leftIsLetter = isLetter(l);
  if (leftIsLetter !== isLetter(r)) return leftIsLetter ? 1 : -1;
  const byCharacter = codeOf(l) - codeOf(r);
  if (leftIsLetter) return byCharacter;
  // A zero in the middle of a number is a digit of it, and none that leads.
  const lead = (l === '0' || r === '0') && followsDigits(lefts, at) ? 1n : 0n;
  const leftRun = digitsFrom(lefts, at);
  const rightRun = digitsFrom(rights, at);
  const difference = numberOf(lead, leftRun) - numberOf(lead, rightRun);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return leftRun.length - rightRun.length || byCharacter;
}

function followsDigits(characters: readonly string[], at: number): boolean {
  for (let before = at - 1; before >= 0; before--) {
    const character = characters[before] ?? '';
    if (!isDigit(character)) return false;
    if (character !== '0') return true;
  }
  return false;
}

function digitsFrom(characters: readonly string[], from: number): readonly string[] {
  let end = from;
  while (end < characters.length && isDigit(characters[end] ?? '')) end++;
  return characters.slice(from, end);
}

/** As an int64 counts, and overflows. */
function numberOf(lead: bigint, digits: readonly string[]): bigint {
  return digits.reduce(
    (number, digit) => BigInt.asIntN(64, number * 10n + BigInt(codeOf(digit) - ZERO)),
    lead,
  );
}

const ZERO = 0x30;

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

function isDigit(character: string): boolean {
  return /^\p{Nd}$/u.test(character);
}
