import { describe, expect, test } from '@jest/globals';
import { StatusError } from '../../../src/apimachinery/status-error.ts';
import { parseListOptions, refuseExport } from '../../../src/apiserver/list-options.ts';
import { Query } from '../../../src/apiserver/query.ts';

function refusal(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('parseListOptions', () => {
  test('nothing asked for is everything, once', () => {
    const options = parseListOptions(Query.parse(''));

    expect(options.labelSelector.isEverything).toBe(true);
    expect(options.fieldSelector.isEverything).toBe(true);
    expect(options.watch).toBe(false);
    expect(options.limit).toBe(Number.POSITIVE_INFINITY);
    expect(options.continueToken).toBe('');
  });

  const ALL = Number.POSITIVE_INFINITY;
  test.each([
    { query: 'limit=500', limit: 500 },
    { query: 'limit=0', limit: ALL },
    { query: 'limit=-1', limit: ALL },
    { query: 'limit=-9223372036854775808', limit: ALL },
    { query: 'limit=%2B7', limit: 7 },
    { query: 'limit=007', limit: 7 },
    { query: 'limit=9223372036854775807', limit: 2 ** 63 },
    { query: 'limit=3&limit=x', limit: 3 },
    { query: 'limit=%zz', limit: ALL },
    { query: 'limit=1;limit=2', limit: ALL },
    { query: 'Limit=x&%6c%69mit=2', limit: 2 },
    {
      query: 'continue=abc&resourceVersion=x&allowWatchBookmarks=maybe&shardSelector=1',
      limit: ALL,
    },
  ])('$query is accepted', ({ query, limit }) => {
    expect(parseListOptions(Query.parse(query)).limit).toBe(limit);
  });

  test.each([
    { query: 'watch', watch: true },
    { query: 'watch=', watch: true },
    { query: 'watch=1', watch: true },
    { query: 'watch=nonsense', watch: true },
    { query: 'watch=false', watch: false },
    { query: 'watch=FALSE', watch: false },
    { query: 'watch=0', watch: false },
    { query: 'watch=fal%C5%BFe', watch: false }, // strings.EqualFold folds the long s
    { query: 'watch=00', watch: true },
    { query: 'watch=%20false', watch: true },
    { query: 'watch=false&watch=true', watch: false },
  ])('$query watches: $watch', ({ query, watch }) => {
    expect(parseListOptions(Query.parse(query)).watch).toBe(watch);
  });

  test.each([
    { query: 'limit=abc', message: 'strconv.ParseInt: parsing "abc": invalid syntax' },
    { query: 'limit=', message: 'strconv.ParseInt: parsing "": invalid syntax' },
    { query: 'limit=1.5', message: 'strconv.ParseInt: parsing "1.5": invalid syntax' },
    {
      query: 'limit=9223372036854775808',
      message: 'strconv.ParseInt: parsing "9223372036854775808": value out of range',
    },
    { query: 'limit=+7', message: 'strconv.ParseInt: parsing " 7": invalid syntax' },
    { query: 'limit=%2B-1', message: 'strconv.ParseInt: parsing "+-1": invalid syntax' },
    { query: 'limit=1_000', message: 'strconv.ParseInt: parsing "1_000": invalid syntax' },
    { query: 'limit=-', message: 'strconv.ParseInt: parsing "-": invalid syntax' },
    {
      query: 'limit=%D9%A3%0A',
      message: 'strconv.ParseInt: parsing "\u0663\\n": invalid syntax',
    },
    {
      query: 'timeoutSeconds=-9223372036854775809',
      message: 'strconv.ParseInt: parsing "-9223372036854775809": value out of range',
    },
    {
      query: 'limit=18446744073709551616x',
      message: 'strconv.ParseInt: parsing "18446744073709551616x": value out of range',
    },
    {
      query: 'limit=18446744073709551615x',
      message: 'strconv.ParseInt: parsing "18446744073709551615x": invalid syntax',
    },
    { query: 'timeoutSeconds=x', message: 'strconv.ParseInt: parsing "x": invalid syntax' },
    { query: 'limit=b&timeoutSeconds=a', message: 'strconv.ParseInt: parsing "a": invalid syntax' },
    { query: 'limit=x&labelSelector=,', message: 'strconv.ParseInt: parsing "x": invalid syntax' },
    {
      query: 'labelSelector=zone%20in%20(a',
      message: "unable to parse requirement: found '', expected: ',' or ')'",
    },
    {
      query: 'fieldSelector=spec.nodeName=a',
      message:
        '"spec.nodeName" is not a known field selector: only "metadata.name", "metadata.namespace"',
    },
    {
      query: 'labelSelector=,&fieldSelector=x',
      message: "found ',', expected: !, identifier, or 'end of string'",
    },
  ])('$query is a bad request', ({ query, message }) => {
    const error = refusal(() => parseListOptions(Query.parse(query)));

    expect({ code: error.code, reason: error.reason, message: error.message }).toEqual({
      code: 400,
      reason: 'BadRequest',
      message,
    });
    expect(error.details).toBeUndefined();
  });

  const MATCH = 'resourceVersionMatch';
  test.each([
    {
      query: 'resourceVersionMatch=Exact',
      causes: [
        [MATCH, 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'],
      ],
    },
    {
      query: 'resourceVersionMatch=foo&resourceVersion=5',
      causes: [[MATCH, 'Unsupported value: "foo": supported values: "Exact", "NotOlderThan", ""']],
    },
    {
      query: 'resourceVersionMatch=Exact&resourceVersion=0',
      causes: [
        [MATCH, 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
      ],
    },
    {
      query: 'resourceVersionMatch=Exact&resourceVersion=1&continue=x',
      causes: [[MATCH, 'Forbidden: resourceVersionMatch is forbidden when continue is provided']],
    },
    {
      // The value stands there as JSON; a field that is not known comes after what contradicts itself.
      query: 'resourceVersionMatch=%3C%C3%A9%01&resourceVersion=5&fieldSelector=spec.x=1',
      causes: [
        [
          MATCH,
          'Unsupported value: "\\u003cé\\u0001": supported values: "Exact", "NotOlderThan", ""',
        ],
      ],
    },
    {
      query: 'sendInitialEvents=false',
      causes: [['sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list']],
    },
    {
      query: 'watch=1&sendInitialEvents=true',
      causes: [
        [
          MATCH,
          'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ],
      ],
    },
    {
      query: 'watch=1&resourceVersionMatch=Exact',
      causes: [
        [
          MATCH,
          'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ],
        [MATCH, 'Unsupported value: "Exact": supported values: "NotOlderThan"'],
      ],
    },
    {
      query: 'watch=1&resourceVersion=0&continue=x',
      causes: [[MATCH, 'Forbidden: resourceVersionMatch is forbidden when continue is provided']],
    },
    {
      query: 'watch=1&sendInitialEvents=0&resourceVersionMatch=x&continue=x',
      causes: [
        [
          MATCH,
          'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ],
        [MATCH, 'Unsupported value: "x": supported values: "NotOlderThan"'],
        [MATCH, 'Forbidden: resourceVersionMatch is forbidden when continue is provided'],
      ],
    },
  ])('$query contradicts itself', ({ query, causes }) => {
    const error = refusal(() => parseListOptions(Query.parse(query)));

    expect(error.code).toBe(422);
    expect(error.details?.causes?.map(({ field, message }) => [field, message])).toEqual(causes);
  });

  test.each([
    'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
    'watch=1&continue=x&resourceVersion=5',
    'watch=1&resourceVersion=0',
  ])('%s is no contradiction', (query) => {
    expect(parseListOptions(Query.parse(query)).watch).toBe(true);
  });
});

describe('refuseExport', () => {
  test.each(['', 'export=false', 'export=0', 'other=1'])('%s passes', (query) => {
    expect(() => {
      refuseExport(Query.parse(query));
    }).not.toThrow();
  });

  test.each(['export', 'export=', 'export=true'])('%s is refused', (query) => {
    const error = refusal(() => {
      refuseExport(Query.parse(query));
    });
    expect(error.code).toBe(400);
    expect(error.message).toBe(
      'the export parameter, deprecated since v1.14, is no longer supported',
    );
  });
});
