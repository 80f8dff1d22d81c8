import { describe, expect, test } from '@jest/globals';
import { Query } from '../../src/apiserver/query.ts';
import { forAll } from '../support/properties.ts';
import { queries } from './cases/queries.ts';
import { readQuery } from './references/url.ts';

const ASKED = ['limit', 'watch', 'labelSelector', 'pretty', 'a', '', '__proto__'];

describe('queries', () => {
  test('are cut, unescaped and dropped as Go does it', () => {
    forAll(queries, (text) => {
      const expected = readQuery(text);

      const query = Query.parse(text);

      const names = [...expected.keys(), ...ASKED];
      expect(
        names.map((name) => [name, query.has(name), query.get(name), query.all(name)]),
      ).toEqual(
        names.map((name) => {
          const values = expected.get(name);
          return [name, values !== undefined, values?.[0], values ?? []];
        }),
      );
    });
  });
});
