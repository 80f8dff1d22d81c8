/** An exact rational number; the denominator is above 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** `12.50` exactly; undefined when it is no unsigned decimal number. */
export function decimal(text: string): Rational | undefined {
  const [whole = '', fraction = '', ...more] = text.split('.');
  const digits = whole + fraction;
  if (more.length > 0 || digits === '' || /[^0-9]/.test(digits)) return undefined;
  return { numerator: BigInt(digits), denominator: 10n ** BigInt(fraction.length) };
}

export function times(left: Rational, right: Rational): Rational {
  return {
    numerator: left.numerator * right.numerator,
    denominator: left.denominator * right.denominator,
  };
}

export function plus(left: Rational, right: Rational): Rational {
  return {
    numerator: left.numerator * right.denominator + right.numerator * left.denominator,
    denominator: left.denominator * right.denominator,
  };
}

export function whole(value: bigint): Rational {
  return { numerator: value, denominator: 1n };
}

export function isEqual(left: Rational, right: Rational): boolean {
  return left.numerator * right.denominator === right.numerator * left.denominator;
}

/** Towards zero. */
export function truncated({ numerator, denominator }: Rational): bigint {
  return numerator / denominator;
}
