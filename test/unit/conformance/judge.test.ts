import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { Answer } from '../../conformance/ask.ts';
import { DEVIATIONS, meantSide } from '../../conformance/deviations.ts';
import { writeBody } from '../../conformance/document.ts';
import { type Exchange, OWN_EXCHANGES, readExchanges } from '../../conformance/exchanges.ts';
import { judge } from '../../conformance/judge.ts';
import { recordedSide } from '../../conformance/side.ts';

const exchanges = readExchanges(OWN_EXCHANGES);
const around = { port: 14_443, askedMs: Date.UTC(2026, 10, 21, 2, 13) };

/** The answer that was recorded, as if it had come just now. */
function recordedAnswer({ response }: Exchange): Answer {
  const { status, headers, body = Buffer.alloc(0) } = response;
  // What was not kept cannot be unzipped either.
  const kept = [...headers].filter(([name]) => name !== 'content-encoding' || body.length > 0);
  return { status, headers: kept, body };
}

function exchangeOf(id: number): Exchange {
  const found = exchanges.find((exchange) => exchange.id === id);
  if (!found) throw new Error(`There is no exchange ${id}`);
  return found;
}

function outcomeOf(exchange: Exchange, answer: Answer | Error, deviations = DEVIATIONS) {
  return judge(exchange, answer, { deviations, around });
}

describe('an answer as recorded', () => {
  test('is equal, in every exchange that was kept whole', () => {
    const whole = exchanges.filter(
      ({ response }) => response.body !== undefined || !response.headers.has('content-encoding'),
    );

    const wrong = whole
      .map((exchange) => outcomeOf(exchange, recordedAnswer(exchange), []))
      .filter(({ outcome }) => outcome !== 'equal');

    expect(wrong.map(({ exchange, problems }) => [exchange.id, problems])).toEqual([]);
    expect(whole.length).toBe(exchanges.length - 1);
  });

  test('is equal when the recording kept the text of what came as gzip', () => {
    const page = exchangeOf(520);
    const headers = new Map(page.response.headers).set('content-encoding', 'gzip');
    const zipped = { ...page, response: { ...page.response, headers } };
    const answer = { ...recordedAnswer(page), headers: [...headers] };

    const body = gzipSync(answer.body);

    expect(outcomeOf(zipped, { ...answer, body }).problems).toEqual([]);
    const less = gzipSync(String(answer.body).replace(/^# TYPE metrics_server_.*$/gm, ''));
    expect(outcomeOf(zipped, { ...answer, body: less }).outcome).toBe('wrong');
  });

  test('is wrong where a deviation is listed', () => {
    const touched = exchanges.filter(
      (exchange) => meantSide(exchange, recordedSide(exchange), DEVIATIONS).applied.length > 0,
    );

    const verdicts = touched.map((exchange) => outcomeOf(exchange, recordedAnswer(exchange)));

    expect(touched.length).toBeGreaterThan(15);
    for (const { outcome, problems } of verdicts) {
      expect(outcome).toBe('wrong');
      expect(problems.join()).toMatch(/differs no longer/);
    }
  });
});

describe('an answer as it is meant', () => {
  const touched = exchanges.filter((exchange) => {
    const { applied, side } = meantSide(exchange, recordedSide(exchange), DEVIATIONS);
    return applied.length > 0 && side.body?.format !== 'protobuf';
  });

  test.each(touched)('differs on purpose: $id $path', (exchange) => {
    const { side } = meantSide(exchange, recordedSide(exchange), DEVIATIONS);
    const body = Buffer.from(side.body ? writeBody(side.body) : '');

    const { outcome, problems } = outcomeOf(exchange, {
      status: side.status,
      headers: [...side.headers],
      body,
    });

    expect({ outcome, problems }).toEqual({ outcome: 'on purpose', problems: [] });
  });
});

describe('an answer that differs', () => {
  const text = (id: number) => String(recordedAnswer(exchangeOf(id)).body);
  const withBody = (id: number, change: (body: string) => string) => {
    const body = change(text(id));
    if (body === text(id)) throw new Error('The change changes nothing');
    return { ...recordedAnswer(exchangeOf(id)), body: Buffer.from(body) };
  };
  const withHeaders = (id: number, change: (headers: Answer['headers']) => Answer['headers']) => ({
    ...recordedAnswer(exchangeOf(id)),
    headers: change(recordedAnswer(exchangeOf(id)).headers),
  });

  test.each<[string, number, Answer | Error, RegExp]>([
    ['in its status', 2, { ...recordedAnswer(exchangeOf(2)), status: 201 }, /\+ status 201/],
    ['in one figure', 2, withBody(2, (body) => body.replace('"15s"', '"16s"')), /\+ .*"16s"/],
    ['in one character of an error', 67, withBody(67, (body) => body.replace('b', 'B')), /\+ /],
    ['by the line break at its end', 2, withBody(2, (body) => body.trimEnd()), /./],
    ['by a line break too many', 2, withBody(2, (body) => `${body}\n`), /laid out/],
    [
      'by being indented',
      2,
      withBody(2, (body) => JSON.stringify(JSON.parse(body), null, 2)),
      /compact/,
    ],
    [
      'in how numbers are written',
      5,
      withBody(5, (body) => body.replace('404', '404.0')),
      /404\.0/,
    ],
    [
      'in how characters are escaped',
      2,
      withBody(2, (body) => body.replace('"alpha"', '"\\u0061lpha"')),
      /u0061/,
    ],
    [
      'in the order of its members',
      2,
      withBody(2, (body) => body.replace(/("timestamp":"[^"]*"),("window":"15s")/, '$2,$1')),
      /window/,
    ],
    [
      'by a member that is there twice',
      2,
      withBody(2, (body) => body.replace('"window"', '"window":"15s","window"')),
      /\+ .*window/,
    ],
    ['by half of its body', 2, withBody(2, (body) => body.slice(0, 100)), /cannot be read/],
    [
      'by a moment that is long ago',
      2,
      withBody(2, (body) =>
        body.replace(/"creationTimestamp":"[^"]*"/, '"creationTimestamp":"2020-01-01T00:00:00Z"'),
      ),
      /2020/,
    ],
    [
      'by a moment with fractions',
      2,
      withBody(2, (body) => body.replace(/(Timestamp":"[^"]*)Z"/, '$1.5Z"')),
      /\.5Z/,
    ],
    ['in a line of YAML', 215, withBody(215, (body) => body.replace('2', '3')), /\+ /],
    [
      'in how YAML is indented',
      215,
      withBody(215, (body) => body.replaceAll('\n- ', '\n  - ')),
      /./,
    ],
    [
      'by a health check less',
      284,
      withBody(284, (body) => body.replace('[+]log ok\n', '')),
      /- \[\+\]log ok/,
    ],
    [
      'by a health check that fails',
      284,
      withBody(284, (body) => body.replace('[+]log ok', '[-]log failed')),
      /log failed/,
    ],
    [
      'by a path less',
      224,
      withBody(224, (body) => body.replace('    "/healthz/log",\n', '')),
      /- +"\/healthz\/log"/,
    ],
    [
      'by a header less',
      366,
      withHeaders(366, (headers) => headers.filter(([name]) => name !== 'x-content-type-options')),
      /- x-content-type-options: nosniff/,
    ],
    [
      'by a header more',
      2,
      withHeaders(2, (headers) => [...headers, ['allow', 'GET']]),
      /\+ allow: GET/,
    ],
    [
      'by a header twice',
      2,
      withHeaders(2, (headers) => [...headers, ['cache-control', 'no-cache, private']]),
      /\+ cache-control/,
    ],
    [
      'by an id of requests twice',
      2,
      withHeaders(2, (headers) => [...headers, ['audit-id', 'x']]),
      /\+ audit-id/,
    ],
    [
      'by an id of requests that is none',
      2,
      withHeaders(2, (headers) =>
        headers.map(([name, value]) => [name, name === 'audit-id' ? '1' : value]),
      ),
      /\+ audit-id: 1/,
    ],
    [
      'by an entity tag of another form',
      240,
      withHeaders(240, (headers) =>
        headers.map(([name, value]) => [name, name === 'etag' ? 'W/"1"' : value]),
      ),
      /\+ etag: W/,
    ],
    [
      'by a description less',
      240,
      withBody(240, (body) => body.replace('"description":"*",', '')),
      /- .*description/,
    ],
    [
      'by a family of metrics less',
      520,
      withBody(520, (body) => body.replace('# TYPE metrics_server_storage_points gauge', '')),
      /^- # TYPE metrics_server_storage_points gauge$/,
    ],
    [
      'by a family of another type',
      520,
      withBody(520, (body) => body.replace('go_threads gauge', 'go_threads counter')),
      /^- # TYPE go_threads gauge$/,
    ],
    ['by not being there', 2, new Error('reset'), /cannot be read: reset/],
  ])('%s is wrong', (_, id, answer, problem) => {
    const { outcome, problems } = outcomeOf(exchangeOf(id), answer);

    expect(outcome).toBe('wrong');
    expect(problems.join('\n')).toMatch(problem);
  });

  test.each<[string, number, Answer]>([
    [
      'by containers in another order',
      23,
      withBody(23, (body) =>
        body.replace(
          /(\{"name":"\w+","usage":\{[^}]*\}\}),(\{"name":"\w+","usage":\{[^}]*\}\})/,
          '$2,$1',
        ),
      ),
    ],
    [
      'by one more health check',
      284,
      withBody(284, (body) => body.replace('[+]log ok', '[+]log ok\n[+]more ok')),
    ],
    [
      'by one more path',
      224,
      withBody(224, (body) =>
        body.replace('    "/healthz/log",\n', '    "/healthz/log",\n    "/healthz/more",\n'),
      ),
    ],
    [
      'by the words of OpenAPI',
      240,
      withBody(240, (body) => body.replace('"description":"*"', '"description":"ours"')),
    ],
    [
      "by metrics of Go's own less, and others more",
      520,
      withBody(520, (body) => body.replace('# TYPE go_threads gauge', '# TYPE nodejs_x gauge')),
    ],
    ['by its version', 314, withBody(314, (body) => body.replace('"36"', '"40"'))],
    [
      'by its framing',
      2,
      withHeaders(2, (headers) => [
        ...headers.filter(([name]) => name !== 'content-length'),
        ['transfer-encoding', 'chunked'],
      ]),
    ],
    [
      'by moments and ids',
      2,
      withHeaders(2, (headers) =>
        headers.map(([name, value]) => {
          if (name === 'date') return [name, 'Sat, 21 Nov 2026 07:00:00 GMT'];
          return [name, name === 'audit-id' ? '0b1f8a4e-6a30-4c2e-9a44-0c4d2a3d9c11' : value];
        }),
      ),
    ],
  ])('%s is equal', (_, id, answer) => {
    expect(outcomeOf(exchangeOf(id), answer)).toMatchObject({ outcome: 'equal', problems: [] });
  });
});
