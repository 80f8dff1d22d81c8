import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';

const fields = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('metadata.name', 'metadata.namespace') },
  { weight: 1, arbitrary: fc.constantFrom('spec.nodeName', 'status.phase', 'name', '', ' ') },
);
const values = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('web-1', 'web-2', 'shop', '', '.', '..', 'a/b', 'a%b', 'é'),
  },
  { weight: 2, arbitrary: fc.constantFrom('a\\,b', 'a\\=b', 'a\\\\b', '\\\\', '!', 'a!b') },
);
const terms = fc
  .tuple(fields, fc.constantFrom('=', '==', '!='), values)
  .map((parts) => parts.join(''));
const selectors = fc
  .array(fc.oneof({ weight: 9, arbitrary: terms }, { weight: 1, arbitrary: fc.constant('') }), {
    maxLength: 4,
  })
  .map((all) => all.join(','));

/** The text of field selectors: valid ones, nearly valid ones, and a few that are noise. */
export const fieldSelectors = fc.oneof(
  {
    weight: 19,
    arbitrary: mutated(selectors, [
      ...['=', '==', '!=', '!', '\\', '\\\\', '\\,', '\\=', ',', ' ', '\n', '\0', '\u2028'],
      ...['metadata.name', 'x', '/', '%', 'é', '😀', '='],
    ]),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

/** The fields of an object. */
export const fieldSets = fc.record({
  'metadata.name': fc.constantFrom('web-1', 'web-2', 'a,b', 'a=b', 'a\\b', 'é', ''),
  'metadata.namespace': fc.constantFrom('shop', ''),
});
