import { goQuote } from '../apimachinery/go-quote.ts';

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** As strconv.ParseBool. @throws SyntaxError with Go's text. */
export function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new SyntaxError(`strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`);
}

/** A Go integer literal: decimal, or with a base prefix, underscores between digits. */
const INTEGER_LITERAL =
  /^[+-]?(?:0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|[1-9](?:_?\d)*|0)$/;

/**
 * As strconv.ParseInt(text, 0, bits). Beyond 2^53 the value is the nearest number.
 * @throws SyntaxError with Go's text.
 */
export function parseInteger(text: string, bits: 32 | 64): number {
  if (!INTEGER_LITERAL.test(text)) {
    throw new SyntaxError(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  }
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '').toLowerCase();
  const magnitude = BigInt(digits.replace(/^0(?=\d)/, '0o'));
  const value = text.startsWith('-') ? -magnitude : magnitude;
  if (BigInt.asIntN(bits, value) !== value) {
    throw new SyntaxError(`strconv.ParseInt: parsing ${goQuote(text)}: value out of range`);
  }
  return Number(value);
}

/** As strconv.ParseUint(text, 10, 31), the range of klog's levels. @throws SyntaxError with Go's text. */
export function parseLevel(text: string): number {
  const problem = !/^\d+$/.test(text)
    ? 'invalid syntax'
    : BigInt(text) >= 2n ** 31n
      ? 'value out of range'
      : undefined;
  if (problem === undefined) return Number(text);
  throw new SyntaxError(`strconv.ParseUint: parsing ${goQuote(text)}: ${problem}`);
}

/** As strconv.ParseFloat for decimal numbers. @throws SyntaxError with Go's text. */
export function parseFloat64(text: string): number {
  const isDecimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text);
  const value = Number(text);
  if (isDecimal && Number.isFinite(value)) return value;
  const problem = isDecimal ? 'value out of range' : 'invalid syntax';
  throw new SyntaxError(`strconv.ParseFloat: parsing ${goQuote(text)}: ${problem}`);
}
