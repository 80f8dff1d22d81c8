import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import type { ItemKey } from '../../src/apiserver/api-group.ts';
import { readContinueToken, writeContinueToken } from '../../src/apiserver/continue-token.ts';
import { forAll } from '../support/properties.ts';
import { continueTokens } from './cases/continue-tokens.ts';
import { judgeToken } from './references/continue-token.ts';

const RESOURCE = 'pods.metrics.k8s.io';

function judged(token: string, namespace: string): ItemKey | number {
  try {
    return readContinueToken(token, { resource: RESOURCE, namespace }).after;
  } catch (error) {
    if (error instanceof StatusError) return error.code;
    throw error;
  }
}

describe('tokens to continue from', () => {
  test('are taken, 400 or 410 whatever stands in them', () => {
    const cases = fc.tuple(continueTokens, fc.constantFrom('', 'default', 'team-a'));
    forAll(cases, ([token, namespace]) => {
      expect(judged(token, namespace)).toEqual(judgeToken(token, RESOURCE, namespace));
    });
  });

  test('are read as they were written', () => {
    const keys = fc.record({
      namespace: fc.string({ unit: 'grapheme' }),
      name: fc.string({ unit: 'grapheme', minLength: 1 }),
    });
    const starts = fc.tuple(keys, fc.option(fc.maxSafeNat(), { nil: undefined }), fc.boolean());
    forAll(starts, ([after, remaining, isWhole]) => {
      const list = { resource: RESOURCE, namespace: isWhole ? '' : after.namespace };

      const token = writeContinueToken(list, { after, remaining });

      expect(readContinueToken(token, list)).toEqual({ after, remaining });
      expect(token).toMatch(/^[\w-]+$/);
    });
  });
});
