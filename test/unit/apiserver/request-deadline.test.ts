import { describe, expect, test } from '@jest/globals';
import { Query } from '../../../src/apiserver/query.ts';
import { requestDeadlineMs } from '../../../src/apiserver/request-deadline.ts';

describe('requestDeadlineMs', () => {
  test.each([
    { query: '', ms: 60_000 },
    { query: 'timeout=', ms: 60_000 },
    { query: 'timeout=32s', ms: 32_000 },
    { query: 'timeout=1.5s&timeout=x', ms: 1500 },
    { query: 'timeout=0', ms: 60_000 },
    { query: 'timeout=-5s', ms: 60_000 },
    { query: 'timeout=2h', ms: 60_000 },
  ])('"$query" allows $ms ms', ({ query, ms }) => {
    expect(requestDeadlineMs(Query.parse(query), 60_000)).toBe(ms);
  });
});
