import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLogger, pinoFor } from '../../src/log.ts';
import type { Logger, LogSettings } from '../../src/log.ts';

const NOW = new Date(2026, 10, 20, 22, 7, 9, 21);
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl';

const PINO = await pinoFor({ format: 'json', verbosity: 0 });

function logged(use: (log: Logger) => void, settings?: Partial<LogSettings>): string[] {
  const lines: string[] = [];
  use(
    createLogger(
      { format: 'text', verbosity: 0, ...settings },
      (line) => {
        lines.push(line);
      },
      PINO,
    ),
  );
  return lines;
}

/** What stands behind the head of the one text line that was written. */
function textOf(fields: object, level: keyof Logger = 'info'): string {
  const [line = ''] = logged((log) => {
    log[level](fields, 'M');
  });
  return line.slice(line.indexOf('"M"') + 3, -1);
}

function jsonOf(fields: object): Record<string, unknown> {
  const [line = ''] = logged(
    (log) => {
      log.info(fields, 'M');
    },
    { format: 'json' },
  );
  return JSON.parse(line) as Record<string, unknown>;
}

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('createLogger', () => {
  test("writes klog's lines", () => {
    const lines = logged((log) => {
      log.info({ node: 'n1' }, 'Scraped node');
      log.warn({}, 'Looked twice');
      log.error({ err: new Error('gone') }, 'Could not scrape node');
    });

    const pid = `${process.pid}`.padStart(7);
    expect(lines.map((line) => line.replace(/ log\.test\.ts:\d+]/, ' FILE:LINE]'))).toEqual([
      `I1120 22:07:09.021000 ${pid} FILE:LINE] "Scraped node" node="n1"\n`,
      `W1120 22:07:09.021000 ${pid} FILE:LINE] "Looked twice"\n`,
      `E1120 22:07:09.021000 ${pid} FILE:LINE] "Could not scrape node" err="gone"\n`,
    ]);
  });

  test('says where in the program a line comes from, whichever line that is', () => {
    const places = logged((log) => {
      log.info({}, 'One');
      log.info({}, 'Two');
    }).map((line) => Number(/ log\.test\.ts:(\d+)] /.exec(line)?.[1]));

    expect(places[1]).toBe((places[0] ?? 0) + 1);
  });

  test("writes pino's lines", () => {
    const lines = logged(
      (log) => {
        log.warn({ node: 'n1', pods: 3 }, 'Looked twice');
      },
      { format: 'json' },
    );

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      time: NOW.getTime(),
      pid: process.pid,
      node: 'n1',
      pods: 3,
      msg: 'Looked twice',
    });
  });

  test.each([
    { format: 'text', verbosity: 2, lines: 0 },
    { format: 'text', verbosity: 3, lines: 1 },
    { format: 'json', verbosity: 0, lines: 0 },
    { format: 'json', verbosity: 9, lines: 1 },
  ] as const)('writes $lines debug lines as $format at -v=$verbosity', (row) => {
    const lines = logged((log) => {
      log.debug({}, 'Asked kubelet');
    }, row);

    expect(lines).toHaveLength(row.lines);
  });
});

describe('the text form', () => {
  test.each<[string, object, string]>([
    ['a text, quoted', { path: 'a "b"\t' }, String.raw` path="a \"b\"\t"`],
    [
      'a text of several lines',
      { body: 'one\n\ttwo "x" \\' },
      ' body=<\n\tone\n\t\ttwo "x" \\\n >',
    ],
    ['a text that ends with a line', { body: 'one\n' }, ' body=<\n\tone\n >'],
    [
      'several lines that would like to be others',
      { body: 'x\nE1120 22:07:09.021000 1 a.go:1] "Gone"\r\u001b[2J', node: 'n' },
      ' body=<\n\tx\n\tE1120 22:07:09.021000 1 a.go:1] "Gone"\\r\\x1b[2J\n > node="n"',
    ],
    ['the error first', { node: 'n', err: new Error('gone') }, ' err="gone" node="n"'],
    ['numbers and switches as they are', { ms: 1.5, ok: true }, ' ms=1.5 ok=true'],
    [
      'what is no number',
      { ms: Number.NaN, big: 2n ** 64n },
      ' ms="NaN" big="18446744073709551616"',
    ],
    ['an object of the cluster', { pod: { namespace: 'a', name: 'b' } }, ' pod="a/b"'],
    ['other objects as JSON', { peer: { port: 1, host: 'h' } }, ' peer={"port":1,"host":"h"}'],
    ['lists', { names: ['a', 'b'], set: new Set([1]) }, ' names=["a","b"] set=[1]'],
    ['maps', { counts: new Map([['constructor', 1]]) }, ' counts={"constructor":1}'],
    [
      'times and addresses',
      { at: new Date(0), url: new URL('https://h/p') },
      ' at="1970-01-01T00:00:00.000Z" url="https://h/p"',
    ],
    ['what is no time', { at: new Date(Number.NaN) }, ' at="NaN"'],
    ['nothing for what is absent', { a: undefined, b: null, c: (): number => 1 }, ' b=null'],
  ])('writes %s', (_name, fields, text) => {
    expect(textOf(fields)).toBe(text);
  });

  test('writes an error with its causes, each once', () => {
    const root = new Error('connect ECONNREFUSED');
    const middle = new Error('Cannot ask kubelet', { cause: root });

    expect(textOf({ err: new Error('Cannot scrape', { cause: middle }) })).toBe(
      ' err="Cannot scrape: Cannot ask kubelet: connect ECONNREFUSED"',
    );
    expect(textOf({ err: new Error('failed: connect ECONNREFUSED', { cause: root }) })).toBe(
      ' err="failed: connect ECONNREFUSED"',
    );
    expect(textOf({ err: new Error('failed: Cannot ask kubelet', { cause: middle }) })).toBe(
      ' err="failed: Cannot ask kubelet: connect ECONNREFUSED"',
    );
    expect(textOf({ err: new AggregateError([new Error('a'), new Error('b')], '') })).toBe(
      ' err="a, b"',
    );
  });

  test('shows where a bug is, and only a bug', () => {
    expect(textOf({ err: new TypeError('x') }, 'error')).toMatch(
      / err="x" stack=<\n\tTypeError: x\n\t +at /,
    );
    expect(textOf({ err: new Error('x') }, 'error')).toBe(' err="x"');
  });

  test('ends with circles, depths and lengths', () => {
    const circle: { self?: object } = {};
    circle.self = circle;
    const loop = new Error('loop');
    loop.cause = loop;

    expect(textOf({ circle })).toContain('[too deep]');
    expect(textOf({ loop })).toBe(' loop="loop"');
    expect(textOf({ body: 'x'.repeat(10_000) })).toBe(` body="${'x'.repeat(4096)}…"`);
    expect(textOf({ list: Array.from({ length: 1000 }, () => 1) }).length).toBeLessThan(220);
  });
});

describe('the JSON form', () => {
  test('writes errors as pino does, with type, message and stack', () => {
    const error = Object.assign(new Error('gone', { cause: new Error('why') }), { code: 'E1' });

    expect(jsonOf({ err: error })['err']).toEqual({
      type: 'Error',
      message: 'gone: why',
      stack: error.stack,
      code: 'E1',
    });
  });

  test('writes whatever comes', () => {
    expect(jsonOf({ nan: Number.NaN, big: 1n, nothing: undefined, none: null })).toMatchObject({
      nan: 'NaN',
      big: '1',
      none: null,
    });
  });
});

describe('secrets', () => {
  test.each([
    ['authorization', 'Basic abc'],
    ['Authorization', 'x'],
    ['AUTHORIZATION', 'x'],
    ['proxy-authorization', 'x'],
    ['token', 'abc'],
    ['accessToken', 'abc'],
    ['id_token', 'abc'],
    ['password', 'abc'],
    ['clientSecret', 'abc'],
    ['set-cookie', ['a=b']],
    ['keyPem', 'abc'],
  ])('are struck out in a field named %s, at any depth', (key, value) => {
    expect(jsonOf({ [key]: value })[key]).toBe('[redacted]');
    expect(jsonOf({ request: { headers: [{ [key]: value }] } })['request']).toEqual({
      headers: [{ [key]: '[redacted]' }],
    });
    expect(textOf({ [key]: value })).toBe(` ${key}="[redacted]"`);
    expect(textOf({ headers: new Map([[key, value]]) })).toBe(` headers={"${key}":"[redacted]"}`);
  });

  test.each([
    ['tokenFile', '/var/run/token'],
    ['keyFile', '/tls.key'],
    ['key', 'client-ca-file'],
    ['tokens', 3],
    ['tokenCacheTtlMs', 10],
  ])('are not looked for in a field named %s', (key, value) => {
    expect(jsonOf({ [key]: value })[key]).toBe(value);
  });

  test.each([
    ['sent Bearer abc.def-123', 'sent Bearer [redacted]'],
    ['sent bearer\ttoken-abc==.', 'sent bearer\t[redacted].'],
    [
      'header "authorization: bearer token-abc" refused',
      'header "authorization: bearer [redacted]" refused',
    ],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [redacted]'],
    ['{"authorization":"secret"}', '{"authorization":"[redacted]"}'],
    [`review of ${JWT} failed`, 'review of [redacted] failed'],
    ['-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\nrest', '[redacted]\nrest'],
    ['-----BEGIN PRIVATE KEY-----\nabc', '[redacted]'],
    ['https://user:pass@host/path', 'https://user:[redacted]@host/path'],
    ['the Bearer token was refused', 'the Bearer token was refused'],
    ['https://10.0.0.1:10250/stats', 'https://10.0.0.1:10250/stats'],
  ])('are struck out of the text %j, wherever it stands', (text, safe) => {
    const error = new Error('outer', { cause: new Error(text) });
    const [line = ''] = logged((log) => {
      log.info({}, text);
    });

    expect(jsonOf({ body: text })['body']).toBe(safe);
    expect(jsonOf({ err: new Error(text) })['err']).toMatchObject({ message: safe });
    const shown = `outer: ${safe}`;
    expect(textOf({ err: error })).toBe(
      shown.includes('\n')
        ? ` err=<\n\t${shown.replaceAll('\n', '\n\t')}\n >`
        : ` err=${JSON.stringify(shown)}`,
    );
    expect(line).toContain(JSON.stringify(safe));
  });

  test('are struck out before a text is cut', () => {
    const cut = jsonOf({ body: `${'x '.repeat(2000)}${JWT.repeat(3)}` })['body'];

    expect(cut).not.toContain('eyJ');
  });

  test.each([' ', '-eyJ', 'bearer ', '://a:', '-----BEGIN ', 'authorization: '])(
    'are looked for in linear time in many times %j',
    (piece) => {
      const text = piece.repeat(500_000);

      const before = process.cpuUsage().user;
      textOf({ text });

      expect(process.cpuUsage().user - before).toBeLessThan(500_000);
    },
  );

  test('are struck out of the stack as well', () => {
    expect(JSON.stringify(jsonOf({ err: new Error(`Bearer ${JWT}`) }))).not.toContain('eyJ');
  });
});
