import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';

/** Tokens that the tests' reviewer knows, by their beginning: good, bad, not to be judged, or it fails itself. */
const tokens = fc
  .tuple(
    fc.constantFrom('good', 'good', 'good', 'bad', 'error', 'fail'),
    fc.constantFrom('', '-1', '-2', '.a_b~c+/=', '\xc3\xa9'),
  )
  .map((parts) => parts.join(''));
const schemes = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('Bearer', 'bearer', 'BEARER', 'bEaReR') },
  { weight: 2, arbitrary: fc.constantFrom('Basic', 'Bearer:', 'Digest', 'Bear', '', '"Bearer"') },
);

/** Values of Authorization as they may reach the server, every character one byte. */
export const authorizationHeaders = mutated(
  fc
    .tuple(
      schemes,
      fc.constantFrom(' ', ' ', ' ', '  ', '   ', '\t', ''),
      tokens,
      fc.constantFrom('', '', '', ' ', ' more', ', Basic x'),
    )
    .map((parts) => parts.join('')),
  [
    ' ',
    '  ',
    '\t',
    ',',
    '"',
    '=',
    ':',
    'Bearer',
    'bearer ',
    'good',
    '\xa0',
    '\xc2\x85',
    '\xff',
    'x',
  ],
  3,
);
