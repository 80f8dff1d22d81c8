import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';

const digits = fc.oneof(
  { weight: 6, arbitrary: fc.nat(100).map(String) },
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['9223372036854775807', '9223372036854775808', '0'.repeat(30), '007'],
      ...['2562047', '2562048', '153722867', '9223372036', '9223372037', '9223372036854775'],
    ),
  },
);
const fractions = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constant('.') },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.nat(9), { minLength: 1, maxLength: 25 })
      .map((all) => `.${all.join('')}`),
  },
);
const units = fc.constantFrom('ns', 'us', '\u00b5s', '\u03bcs', 'ms', 's', 'm', 'h');
const terms = fc.tuple(digits, fractions, units).map((parts) => parts.join(''));

/** The text of Go durations: valid ones and nearly valid ones. */
export const durations = mutated(
  fc
    .tuple(
      fc.constantFrom('', '', '', '-', '+'),
      fc.oneof(
        { weight: 9, arbitrary: fc.array(terms, { minLength: 1, maxLength: 4 }) },
        { weight: 1, arbitrary: fc.constant(['0']) },
      ),
    )
    .map(([sign, all]) => sign + all.join('')),
  [
    '-',
    '+',
    '.',
    '0',
    '9',
    's',
    'm',
    'h',
    'd',
    'n',
    '\u00b5',
    ' ',
    'e',
    '_',
    '"',
    '\\',
    '\n',
    '😀',
  ],
);
