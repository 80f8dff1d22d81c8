import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';
import { fieldSelectors } from './field-selectors.ts';
import { labelSelectors } from './label-selectors.ts';

const integers = fc.oneof(
  { weight: 6, arbitrary: fc.nat(1000).map(String) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...['', '0', '-1', '+5', '007', '9223372036854775807', '9223372036854775808', 'abc'],
      ...['-9223372036854775808', '-9223372036854775809', '1e3', '0x10', '1_0', ' 1', '5 ', '--1'],
      ...['1.0', '٣', '+', '-', '0'.repeat(40), '9'.repeat(400)],
    ),
  },
);
const booleans = fc.constantFrom(
  ...['', '0', '1', 'true', 'false', 'FALSE', 'False', 'fALSe', 'no', 't', 'f', ' false', '00'],
);
const options: Record<string, fc.Arbitrary<string>> = {
  labelSelector: labelSelectors,
  fieldSelector: fieldSelectors,
  limit: integers,
  timeoutSeconds: integers,
  watch: booleans,
  allowWatchBookmarks: booleans,
  sendInitialEvents: booleans,
  resourceVersion: fc.constantFrom('', '0', '5', 'abc', ' '),
  resourceVersionMatch: fc.constantFrom(
    ...['', 'Exact', 'NotOlderThan', 'exact', 'foo', 'a"b', 'Exact '],
  ),
  // None of these is a token of ours.
  continue: fc.constantFrom('', 'x', 'bm90IEpTT04'),
  shardSelector: fc.constantFrom('', 'x', 'a=b'),
  unknown: fc.constantFrom('', 'x'),
};
const pairs = fc
  .constantFrom(...Object.keys(options))
  .chain((name) =>
    fc
      .tuple(options[name] ?? fc.constant(''), fc.boolean())
      .map(([value, isLoose]) => `${name}=${isLoose ? loosely(value) : strictly(value)}`),
  );

/** As browsers and clients escape it. */
function strictly(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

/** Only what would end the value or the request line. */
function loosely(value: string): string {
  return strictly(value).replace(/%(?:3D|2C|21|28|29|3C|3E|2F)/g, decodeURIComponent);
}

/**
 * Query strings that a list may come with: mostly one to four options, any of which may be wrong, and
 * sometimes the text itself is. A token to continue from never is a good one.
 */
export const listQueries = mutated(
  fc.array(pairs, { maxLength: 4 }).map((all) => all.join('&')),
  ['&', '=', ';', '%', '%00', '%ff', '+', 'a', '1', '-', '%2C', '%20', ','],
  2,
);
