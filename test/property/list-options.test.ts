import { describe, expect, test } from '@jest/globals';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { parseListOptions } from '../../src/apiserver/list-options.ts';
import { Query } from '../../src/apiserver/query.ts';
import { forAll } from '../support/properties.ts';
import { listQueries } from './cases/list-options.ts';
import { judgeListOptions } from './references/list-options.ts';

function judged(text: string): { code: number; watch: boolean | undefined } {
  try {
    return { code: 200, watch: parseListOptions(Query.parse(text)).watch };
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, watch: undefined };
    throw error;
  }
}

describe('list options', () => {
  test('are taken, 400 or 422 as the tables say', () => {
    forAll(listQueries, (text) => {
      const { code, watch } = judgeListOptions(text);

      expect(judged(text)).toEqual({ code, watch: code === 200 ? watch : undefined });
    });
  });
});
