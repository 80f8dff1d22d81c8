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

const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** As strconv.ParseFloat, but for underscores in hexadecimal numbers. @throws SyntaxError with Go's text. */
export function parseFloating(text: string, bits: 32 | 64 = 64): number {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  const value = decimalOf(text) ?? hexadecimalOf(text);
  const largest = bits === 32 ? LARGEST_FLOAT32 : Number.MAX_VALUE;
  if (value !== undefined && Math.abs(value) <= largest) return value;
  const problem = value === undefined ? 'invalid syntax' : 'value out of range';
  throw new SyntaxError(`strconv.ParseFloat: parsing ${goQuote(text)}: ${problem}`);
}

function decimalOf(text: string): number | undefined {
  const digits = text.replaceAll(/(?<=\d)_(?=\d)/g, '');
  const isDecimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(digits);
  return isDecimal ? Number(digits) : undefined;
}

/** `0x1.8p-3`: the exponent of two is not optional. */
function hexadecimalOf(text: string): number | undefined {
  const [, sign, whole = '', fraction = '', exponent] =
    /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)$/.exec(text) ?? [];
  if (exponent === undefined || whole + fraction === '') return undefined;
  const magnitude = parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -magnitude : magnitude;
}
