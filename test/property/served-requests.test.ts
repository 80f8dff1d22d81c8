import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { HealthCheck } from '../../src/apiserver/health.ts';
import { systemClock } from '../../src/clock.ts';
import { forAllBatches } from '../support/properties.ts';
import { exchange, toLocalPort } from '../support/raw-client.ts';
import type { RawReply, RawRequest } from '../support/raw-client.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../support/recorded-world.ts';
import { serveApp } from '../support/serve-app.ts';
import type { ServedApp } from '../support/serve-app.ts';
import { TRUE_TAG, bodies, commonParameters, headerLines } from './cases/header-lines.ts';
import type { Line } from './cases/identity-headers.ts';
import { methods, targets } from './cases/request-lines.ts';
import { meaningOf } from './references/request-info.ts';
import { statusOf } from './references/routes.ts';
import type { Known } from './references/routes.ts';

const BATCH = 100;
const TIME_LIMIT_MS = 120_000;

const CHECKS: readonly HealthCheck[] = [
  { name: 'metric-storage-ready', endpoints: ['readyz'], check: () => undefined },
];
const COMMON_CHECKS = [
  'ping',
  'log',
  'poststarthook/max-in-flight-filter',
  'poststarthook/storage-object-count-tracker-hook',
];
const KNOWN: Known = {
  nodes: RECORDED_NODES.filter(({ usage }) => usage).map(({ node }) => node.name),
  pods: RECORDED_PODS.filter(({ usage }) => usage).map(({ pod }) => `${pod.namespace}/${pod.name}`),
  checks: [
    ...['healthz', 'livez', 'readyz'].flatMap((endpoint) =>
      COMMON_CHECKS.map((check) => `/${endpoint}/${check}`),
    ),
    '/readyz/metric-storage-ready',
  ],
};

describe('a server with everything to ask for', () => {
  let app: ServedApp;
  let tag = '';

  beforeAll(async () => {
    const groups = [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, systemClock)];
    app = await serveApp({ groups, checks: CHECKS });
    const { headers } = await app.ask('/openapi/v2');
    tag = headers.etag ?? '';
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  function ask(requests: readonly RawRequest[]): Promise<RawReply[]> {
    return exchange(requests, toLocalPort(app.port));
  }

  test(
    'answers every method and path with the status that the contract gives',
    async () => {
      await forAllBatches(fc.tuple(methods, targets), BATCH, async (batch) => {
        const replies = await ask(batch.map(([method, target]) => requestOf(method, target, [])));

        expect(replies.map(({ status }, at) => ({ case: batch[at], status }))).toEqual(
          batch.map((one) => ({ case: one, status: statusOf(...one, KNOWN) })),
        );
      });
    },
    TIME_LIMIT_MS,
  );

  test(
    'never fails on its own account, whatever headers, bodies and parameters come together',
    async () => {
      const cases = fc.record({
        method: methods,
        target: targets,
        parameters: commonParameters,
        lines: headerLines,
        body: bodies,
      });
      await forAllBatches(cases, BATCH, async (batch) => {
        const requests = batch.map(({ method, target, parameters, lines, body }) =>
          requestOf(method, withParameters(target, parameters), tagged(lines, tag), body),
        );

        const replies = await ask([...requests, requestOf('GET', '/healthz', [])]);

        const failures = replies
          .map(({ status, body }, at) => ({ status, body: body.toString(), ...requests[at] }))
          .filter(
            ({ status }, at) => status === 0 || (status >= 500 && !mayFail(status, batch[at])),
          );
        expect(failures).toEqual([]);
        expect(replies.at(-1)?.status).toBe(200);
      });
      expect(app.logged).toEqual([]);
    },
    TIME_LIMIT_MS,
  );
});

function requestOf(
  method: string,
  target: string,
  lines: readonly Line[],
  body?: { text: string; isChunked: boolean },
): RawRequest {
  const framing: Line[] = !body
    ? []
    : body.isChunked
      ? [['Transfer-Encoding', 'chunked']]
      : [['Content-Length', `${body.text.length}`]];
  const all: Line[] = [['Host', 'localhost'], ...lines, ...framing];
  const head = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const content = body?.isChunked === true ? chunks(body.text) : (body?.text ?? '');
  return { text: `${method} ${target} HTTP/1.1\r\n${head}\r\n${content}`, method };
}

function chunks(text: string): string {
  const chunk = text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`;
  return `${chunk}0\r\n\r\n`;
}

function withParameters(target: string, parameters: string): string {
  if (parameters === '') return target;
  return `${target}${target.includes('?') ? '&' : '?'}${parameters}`;
}

/** Puts the tag of a document where the cases want a true one. */
function tagged(lines: readonly Line[], tag: string): Line[] {
  return lines.map(([name, value]) => [name, value.replaceAll(TRUE_TAG, tag)]);
}

/** A path that ends after `watch` or `proxy` (contract.md 7.1), and 504 for those who would not wait. */
function mayFail(status: number, one?: { method: string; target: string }): boolean {
  return status === 504 || (one !== undefined && meaningOf(one.method, one.target) === 'info');
}
