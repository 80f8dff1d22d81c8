import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RequestInfoError, requestInfo } from '../../src/apiserver/request-info.ts';
import { forAll } from '../support/properties.ts';
import { methods, targets } from './cases/request-lines.ts';
import { meaningOf } from './references/request-info.ts';
import type { Refusal } from './references/request-info.ts';

function meant(method: string, target: string): object | Refusal {
  try {
    const info = Object.entries(requestInfo(method, target));
    return Object.fromEntries(info.filter(([name]) => name !== 'query'));
  } catch (error) {
    if (!(error instanceof RequestInfoError)) throw error;
    return error.code === 400 ? 'url' : 'info';
  }
}

describe('request lines', () => {
  test('mean what RequestInfo makes of them upstream', () => {
    forAll(fc.tuple(methods, targets), ([method, target]) => {
      expect(meant(method, target)).toEqual(meaningOf(method, target));
    });
  });
});
