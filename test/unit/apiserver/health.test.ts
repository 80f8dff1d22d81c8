import { describe, expect, test } from '@jest/globals';
import { healthAnswer, healthPaths, singleCheckAnswer } from '../../../src/apiserver/health.ts';
import type { HealthCheck } from '../../../src/apiserver/health.ts';
import { Query } from '../../../src/apiserver/query.ts';

const CHECKS: readonly HealthCheck[] = [
  { name: 'ping', endpoints: ['healthz', 'livez', 'readyz'], check: () => undefined },
  {
    name: 'metric-storage-ready',
    endpoints: ['readyz'],
    check: () => 'no metrics to serve',
    detail: () => '0 of 3 nodes have figures',
  },
  {
    name: 'metric-informer-sync',
    endpoints: ['readyz', 'livez'],
    check: () => undefined,
    detail: () => '3 nodes, 60 pods',
  },
];

describe('healthAnswer', () => {
  test.each([
    { name: 'says ok when all pass', endpoint: 'livez', query: '', code: 200, body: 'ok' },
    {
      name: 'names every check when asked verbosely',
      endpoint: 'livez',
      query: 'verbose',
      code: 200,
      body: '[+]ping ok\n[+]metric-informer-sync ok\nlivez check passed\n',
    },
    {
      name: 'adds what an operator wants to know on request only',
      endpoint: 'livez',
      query: 'verbose=detail',
      code: 200,
      body: '[+]ping ok\n[+]metric-informer-sync ok\n   3 nodes, 60 pods\nlivez check passed\n',
    },
    {
      name: 'withholds the reason from a probe',
      endpoint: 'readyz',
      query: '',
      code: 500,
      body:
        '[+]ping ok\n[-]metric-storage-ready failed: reason withheld\n[+]metric-informer-sync ok\n' +
        'readyz check failed\n',
    },
    {
      name: 'tells the reason, and what to do, to who asks verbosely',
      endpoint: 'readyz',
      query: 'verbose=1',
      code: 500,
      body:
        '[+]ping ok\n[-]metric-storage-ready failed: no metrics to serve\n   0 of 3 nodes have figures\n' +
        '[+]metric-informer-sync ok\nreadyz check failed\n',
    },
    {
      name: 'does not ask an excluded check',
      endpoint: 'readyz',
      query: 'verbose&exclude=metric-storage-ready',
      code: 200,
      body:
        '[+]ping ok\n[+]metric-storage-ready excluded: ok\n[+]metric-informer-sync ok\n' +
        'readyz check passed\n',
    },
    {
      name: 'warns of names that exclude nothing',
      endpoint: 'livez',
      query: 'verbose&exclude=nope&exclude=ping&exclude=a',
      code: 200,
      body:
        '[+]ping excluded: ok\n[+]metric-informer-sync ok\n' +
        'warn: some health checks cannot be excluded: no matches for "a","nope"\nlivez check passed\n',
    },
    {
      name: 'keeps the warning to itself otherwise',
      endpoint: 'livez',
      query: 'exclude=nope',
      code: 200,
      body: 'ok',
    },
  ] as const)('$name', ({ endpoint, query, code, body }) => {
    const answer = healthAnswer(endpoint, CHECKS, Query.parse(query));

    expect(answer).toEqual({
      code,
      contentType: 'text/plain; charset=utf-8',
      headers: [['X-Content-Type-Options', 'nosniff']],
      body,
    });
  });
});

describe('singleCheckAnswer', () => {
  test('passes without further headers', () => {
    expect(singleCheckAnswer('livez', 'ping', CHECKS)).toEqual({
      code: 200,
      contentType: 'text/plain; charset=utf-8',
      body: 'ok',
    });
  });

  test('says why it fails', () => {
    expect(singleCheckAnswer('readyz', 'metric-storage-ready', CHECKS)).toEqual({
      code: 500,
      contentType: 'text/plain; charset=utf-8',
      headers: [['X-Content-Type-Options', 'nosniff']],
      body: 'internal server error: no metrics to serve\n',
    });
  });

  test.each(['', 'nope', 'metric-storage-ready'])('livez has no check "%s"', (name) => {
    expect(singleCheckAnswer('livez', name, CHECKS)).toBeUndefined();
  });
});

describe('healthPaths', () => {
  test('names the endpoints and each of their checks', () => {
    expect(healthPaths(CHECKS)).toEqual([
      '/healthz',
      '/healthz/ping',
      '/livez',
      '/livez/ping',
      '/livez/metric-informer-sync',
      '/readyz',
      '/readyz/ping',
      '/readyz/metric-storage-ready',
      '/readyz/metric-informer-sync',
    ]);
  });
});
