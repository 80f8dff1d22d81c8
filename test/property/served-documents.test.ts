import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../src/clock.ts';
import { forAllBatches } from '../support/properties.ts';
import { exchange, toLocalPort } from '../support/raw-client.ts';
import type { RawReply } from '../support/raw-client.ts';
import { metricsGroupOf } from '../support/recorded-world.ts';
import { serveApp } from '../support/serve-app.ts';
import type { ServedApp } from '../support/serve-app.ts';
import { TRUE_TAG, conditions } from './cases/header-lines.ts';
import type { Line } from './cases/identity-headers.ts';
import { namesTag } from './references/entity-tags.ts';

const BATCH = 100;
const TIME_LIMIT_MS = 120_000;
const PATHS = ['/openapi/v2', '/openapi/v3', '/openapi/v3/apis/metrics.k8s.io/v1beta1'];

interface Document {
  readonly tag: string;
  readonly body: Buffer;
}

describe('documents with a tag', () => {
  let app: ServedApp;
  const documents = new Map<string, Document>();

  beforeAll(async () => {
    app = await serveApp({ groups: [metricsGroupOf([], [], systemClock)] });
    for (const path of PATHS) {
      const { headers, bytes } = await app.ask(path);
      documents.set(path, { tag: headers.etag ?? '', body: bytes });
    }
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  test(
    'are sent whole, in part or not at all, as conditions and ranges say',
    async () => {
      const cases = fc.record({
        path: fc.constantFrom(...PATHS),
        method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
        lines: conditions,
      });
      await forAllBatches(cases, BATCH, async (batch) => {
        const asked = batch.map(({ path, method, lines }) => {
          const document = documents.get(path) ?? { tag: '', body: Buffer.alloc(0) };
          return { path, method, document, lines: tagged(lines, document.tag) };
        });

        const replies = await exchange(
          asked.map(({ path, method, lines }) => ({
            text: `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${lines
              .map(([name, value]) => `${name}: ${value}\r\n`)
              .join('')}\r\n`,
            method,
          })),
          toLocalPort(app.port),
        );

        const problems = replies.map((reply, at) => {
          const one = asked[at];
          return one && { ...one, document: one.document.tag, problem: problemOf(reply, one) };
        });
        expect(problems.filter((one) => one?.problem !== undefined)).toEqual([]);
      });
    },
    TIME_LIMIT_MS,
  );
});

/** Puts the tag of a document where the cases want a true one. */
function tagged(lines: readonly Line[], tag: string): Line[] {
  return lines.map(([name, value]) => [name, value.replaceAll(TRUE_TAG, tag)]);
}

interface Asked {
  readonly method: string;
  readonly document: Document;
  readonly lines: readonly Line[];
}

/** What a reply of each status must be like; there are no others. */
const RULES = new Map<number, (reply: RawReply, asked: Asked) => boolean>([
  [200, ({ body }, { method, document }) => method === 'HEAD' || body.equals(document.body)],
  [
    206,
    (reply, { method, document, lines }) =>
      lines.some(([name]) => name === 'Range') &&
      (method === 'HEAD' || isPart(reply, document.body)),
  ],
  [304, ({ body }, { method }) => body.length === 0 && method !== 'POST'],
  [412, ({ body }) => !body.includes('"paths"')],
  [416, ({ body }) => !body.includes('"paths"')],
]);

/** Why a reply is wrong; undefined: it is not. */
function problemOf(reply: RawReply, asked: Asked): string | undefined {
  const { method, document, lines } = asked;
  const { status } = reply;
  if (RULES.get(status)?.(reply, asked) !== true) return `a wrong ${status}`;
  if (lines.some(([name]) => name !== 'If-None-Match')) return undefined;
  const wanted = statusOfNoneMatch(method, lines[0]?.[1] ?? '', document.tag);
  return status === wanted ? undefined : `${status} where it has to be ${wanted}`;
}

/** Only the first line counts, and reading methods alone are answered 304. */
function statusOfNoneMatch(method: string, header: string, tag: string): number {
  if (header.trim() === '' || !namesTag(header, tag)) return 200;
  return method === 'POST' ? 412 : 304;
}

function isPart({ headers, body }: RawReply, whole: Buffer): boolean {
  const [type = ''] = headers.get('content-type') ?? [];
  if (type.startsWith('multipart/byteranges')) return body.length > 0;
  const [range = ''] = headers.get('content-range') ?? [];
  const [, from, to, length] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range) ?? [];
  return (
    Number(length) === whole.length && body.equals(whole.subarray(Number(from), Number(to) + 1))
  );
}
