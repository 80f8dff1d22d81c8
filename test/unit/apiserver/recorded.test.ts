import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HealthCheck } from '../../../src/apiserver/health.ts';
import type { Clock } from '../../../src/clock.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../../support/recorded-world.ts';
import { SERVING, serveApp } from '../../support/serve-app.ts';
import type { ServedApp } from '../../support/serve-app.ts';

interface Exchange {
  readonly id: string;
  readonly topic: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

const NOW_MS = Date.UTC(2026, 10, 21, 2, 12, 50, 900);
const CREATED_AT = '2026-11-21T02:12:50Z';
const clock: Clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };

/** The checks of the recorded server besides those that all have, as server.ts adds them. */
const CHECKS: readonly HealthCheck[] = [
  passing('metric-storage-ready', ['readyz']),
  passing('metric-collection-timely', ['livez']),
  passing('metric-informer-sync', ['readyz']),
  passing('metadata-informer-sync', ['healthz', 'livez', 'readyz']),
  passing('shutdown', ['readyz']),
];

function passing(name: string, endpoints: HealthCheck['endpoints']): HealthCheck {
  return { name, endpoints, check: () => undefined };
}

/** What the real Go server answered an administrator; test/fixtures/apiserver/README.md says where it is from. */
const exchanges = JSON.parse(
  readFileSync(new URL('../../fixtures/apiserver/exchanges.json', import.meta.url), 'utf8'),
) as readonly Exchange[];

describe('answers as the real server recorded them', () => {
  let app: ServedApp;
  beforeAll(async () => {
    const groups = [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, clock)];
    app = await serveApp({ groups, checks: CHECKS, clock, serving: { ...SERVING, port: 14_443 } });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  test('there are many of them', () => {
    expect(exchanges.length).toBeGreaterThan(200);
  });

  test.each(exchanges.filter(({ path }) => !isPaged(path)))(
    '$topic $id: $method $path',
    async (exchange) => {
      const { accept, ...rest } = exchange.headers;
      const headers = accept === '' ? rest : { ...rest, accept };
      const { method, path, body, response } = exchange;

      const reply = await app.ask({ method, path, headers, ...(body !== undefined && { body }) });

      expect({
        status: reply.status,
        type: reply.headers['content-type'],
        sniffing: reply.headers['x-content-type-options'],
        caching: reply.headers['cache-control'],
        body: reply.body,
      }).toEqual({
        status: response.status,
        type: response.headers['content-type'],
        sniffing: response.headers['x-content-type-options'],
        caching: response.headers['cache-control'],
        body: expectedBody(response.body, path),
      });
    },
  );
});

/** Upstream ignores `limit` and `continue`; here they mean what they mean elsewhere: paging.test.ts. */
function isPaged(path: string): boolean {
  return /[?&](?:limit=[1-9]|continue=.)/.test(path);
}

/** The recorded text, with the moment of asking, free orders and what we decided otherwise brought to ours. */
function expectedBody(recorded: string, path: string): string {
  const text = recorded.replace(/("creationTimestamp": ?")[^"]*/g, `$1${CREATED_AT}`);
  if (text.startsWith('{\n  "paths"')) return withoutPaths(text, /^\/statusz/);
  if (path.startsWith('/version'))
    return expect.stringMatching(/^\{\n {2}"major": "1"/) as unknown as string;
  return text.includes('"containers"') || text.includes('"reset"') ? decidedOtherwise(text) : text;
}

function withoutPaths(text: string, left: RegExp): string {
  const { paths } = JSON.parse(text) as { paths: string[] };
  return JSON.stringify({ paths: paths.filter((path) => !left.test(path)) }, null, 2);
}

interface Item {
  readonly metadata?: { readonly name: string };
  readonly cells?: readonly string[];
  readonly containers?: { name: string }[];
  readonly object?: Item;
  readonly items?: Item[];
  readonly rows?: Item[];
}

/** Containers by name (theirs are in no order), and no pod without a figure (`reset`, design.md 2.2). */
function decidedOtherwise(text: string): string {
  const isReset = ({ metadata, cells }: Item): boolean =>
    metadata?.name === 'reset' || cells?.[0] === 'reset';
  const value = JSON.parse(text, (key, member: unknown) => {
    if (key === 'items' || key === 'rows')
      return (member as Item[]).filter((item) => !isReset(item));
    if (key !== 'containers') return member;
    return (member as { name: string }[]).sort((left, right) => (left.name < right.name ? -1 : 1));
  }) as Item;
  return text.endsWith('\n') ? `${JSON.stringify(value)}\n` : JSON.stringify(value, null, 2);
}
