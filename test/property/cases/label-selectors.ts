import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';

const keys = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'app', 'in', 'notin', 'x.y/z', '__proto__') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'k8s.io/app_1.x',
      'k'.repeat(63),
      'k'.repeat(64),
      `${'p'.repeat(253)}/k`,
      `${'p'.repeat(254)}/k`,
      'a/b/c',
      '/a',
      'a/',
      'A.b/c',
      '-a',
      'a-',
      'a..b/c',
      'ключ',
    ),
  },
);

const values = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('', '1', '2', '10', 'v', 'in', 'notin', 'exists', 'web-1'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'v'.repeat(63),
      'v'.repeat(64),
      '9223372036854775807',
      '9223372036854775808',
      '-1',
      '+1',
      '007',
      '1.5',
      '1_000',
      'a/b',
      '"v"',
      'é',
      '١',
    ),
  },
);

const blanks = fc.oneof(
  { weight: 5, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' ', '  ', '\t', '\r\n') },
);

const comparisons = fc
  .tuple(keys, blanks, fc.constantFrom('=', '==', '!=', '>', '<'), blanks, values)
  .map((parts) => parts.join(''));
const memberships = fc
  .tuple(
    keys,
    fc.constantFrom(' ', '\t', ' \n'),
    fc.constantFrom('in', 'notin'),
    blanks,
    fc.array(fc.tuple(blanks, values, blanks), { maxLength: 4 }),
  )
  .map(([key, gap, operator, space, list]) =>
    [key, gap, operator, space, '(', list.map((value) => value.join('')).join(','), ')'].join(''),
  );
const existences = fc
  .tuple(fc.constantFrom('', '!', '! '), keys, blanks)
  .map((parts) => parts.join(''));

const requirements = fc.oneof(comparisons, memberships, existences);
const selectors = fc
  .array(requirements, { maxLength: 4 })
  .chain((all) => blanks.map((space) => all.join(`,${space}`)));

/** The text of label selectors: valid ones, nearly valid ones, and a few that are noise. */
export const labelSelectors = fc.oneof(
  {
    weight: 19,
    arbitrary: mutated(selectors, [
      ...['=', '==', '!=', '!', '>', '<', '(', ')', ',', ' ', '\t', '\n', '\v', '\0', '\u00a0'],
      ...['in', ' in ', 'notin', ' notin (', 'a', '1', '-', '_', '.', '/', 'é', '"', '\\', '😀'],
    ]),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

/** Labels of an object, with the names and values that the selectors ask for. */
export const labelSets = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'app', 'in', 'notin', 'x.y/z', '__proto__', 'constructor'),
      values,
    ),
    { maxLength: 5 },
  )
  .map((entries) => new Map(entries));
