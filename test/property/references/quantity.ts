import { decimal, times, whole } from './rational.ts';
import type { Rational } from './rational.ts';

const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** What a suffix multiplies by. */
function factorOf(suffix: string): Rational | undefined {
  const power = BINARY.indexOf(suffix);
  if (power >= 0) return whole(1024n ** BigInt(power + 1));
  const thousands = DECIMAL.indexOf(suffix) - 3;
  if (thousands < -3) return undefined;
  return thousands < 0
    ? { numerator: 1n, denominator: 1000n ** BigInt(-thousands) }
    : whole(1000n ** BigInt(thousands));
}

/** The exact number that a quantity in canonical form stands for; undefined when it is in no such form. */
export function readQuantity(
  text: string,
): { mantissa: bigint; suffix: string; value: Rational } | undefined {
  const suffix = text.replace(/^[0-9]+/, '');
  const number = decimal(text.slice(0, text.length - suffix.length));
  const factor = factorOf(suffix);
  if (!number || !factor) return undefined;
  return { mantissa: number.numerator, suffix, value: times(number, factor) };
}
