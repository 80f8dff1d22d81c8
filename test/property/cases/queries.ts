import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';

const names = fc.constantFrom(
  ...['limit', 'watch', 'labelSelector', 'pretty', 'a', 'b', '__proto__', 'l%69mit', ''],
);
const values = fc.oneof(
  fc.constantFrom('1', '', 'x', 'a+b', 'a%20b', '%C3%A9', '%ff', '%c3', '%E2%82', 'a=b', '%3D%26'),
  fc.string({ unit: 'grapheme', maxLength: 3 }).map(encodeURIComponent),
);
const pairs = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(names, values).map(([name, value]) => `${name}=${value}`) },
  { weight: 1, arbitrary: names },
  { weight: 1, arbitrary: fc.constant('') },
);

/** What may stand behind the `?` of a request target; every character stands for one byte. */
export const queries = mutated(
  fc.array(pairs, { maxLength: 5 }).map((all) => all.join('&')),
  [
    '&',
    '=',
    ';',
    '%',
    '%%',
    '%g0',
    '%0',
    '%00',
    '+',
    ' ',
    '?',
    '#',
    '\xc3',
    '\xa9',
    '\\',
    '"',
    '%F0%9F',
  ],
);
