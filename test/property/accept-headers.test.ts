import { describe, expect, test } from '@jest/globals';
import { SERVED, namesOneOf, negotiate } from '../../src/apiserver/encoding/negotiate.ts';
import { forAll } from '../support/properties.ts';
import { acceptHeaders } from './cases/accept-headers.ts';
import { chosen, passesRouter } from './references/accept.ts';
import type { Verdict } from './references/accept.ts';

const PRODUCIBLE = SERVED.map(({ name }) => name);

function negotiated(header: string, mayTransform: boolean): Verdict | undefined {
  const found = negotiate(header, SERVED, mayTransform);
  if (!found) return undefined;
  const { mediaType, transform, pretty } = found;
  const as = transform && `${transform.kind}/${transform.version}`;
  return { type: mediaType.name, as, pretty };
}

describe('Accept headers', () => {
  test('choose the encoding that the table chooses', () => {
    forAll(acceptHeaders, (header) => {
      expect(negotiated(header, true)).toEqual(chosen(header, true));
    });
  });

  test('choose the encoding of errors, which are never transformed', () => {
    forAll(acceptHeaders, (header) => {
      expect(negotiated(header, false)).toEqual(chosen(header, false));
    });
  });

  test('pass the router when they name a type literally', () => {
    forAll(acceptHeaders, (header) => {
      expect(namesOneOf(header, PRODUCIBLE)).toBe(passesRouter(header, PRODUCIBLE));
    });
  });
});
