import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { notFound } from '../../../src/apimachinery/status-error.ts';
import { asksForGzip } from '../../../src/apiserver/compression.ts';
import type { Resource } from '../../../src/apiserver/api-group.ts';
import type { Clock } from '../../../src/clock.ts';
import { fruitsGroup } from '../../support/fruits.ts';
import { serveApp } from '../../support/serve-app.ts';
import type { Reply, ServedApp } from '../../support/serve-app.ts';

const THRESHOLD = 131_072;
const ROOT = '/apis/fruits.example.com/v1';
const clock: Clock = { nowMs: () => 0, monotonicMs: () => performance.now() };

/** Melons whose list is as large as wanted: `padding` characters in each of `items`. */
function melons(
  padding: () => number,
  items = 1,
  taken: () => void = () => undefined,
): Resource<string> {
  const [version] = fruitsGroup([]).versions;
  const tree = version?.resources()[0] as Resource<string>;
  return {
    ...tree,
    name: 'melons',
    kind: 'Melon',
    listKind: 'MelonList',
    *list() {
      for (let at = 0; at < items; at++) {
        taken();
        yield 'x'.repeat(padding());
      }
    },
    get: () => 'x'.repeat(padding()),
    encoding: {
      metadata: () => undefined,
      json: (text) => `"text":"${text}"`,
      protobuf: (text) => text,
      columns: () => [],
      cells: (text) => [text],
    },
  };
}

function serve(resource: Resource<string>): Promise<ServedApp> {
  return serveApp({ groups: [fruitsGroup([], () => [resource])], clock });
}

function ask(
  app: ServedApp,
  acceptEncoding: string,
  accept: string,
  path = 'melons',
): Promise<Reply> {
  const headers = { accept, 'accept-encoding': acceptEncoding };
  return app.ask({ path: `${ROOT}/${path}`, headers });
}

describe('asksForGzip', () => {
  test.each([
    ['gzip', true],
    ['br, gzip', true],
    [' gzip ,deflate', true],
    ['gzip;q=1.0', false],
    ['GZIP', false],
    ['x-gzip', false],
    ['*', false],
    ['', false],
  ])('%j: %s', (header, asks) => {
    expect(asksForGzip(header)).toBe(asks);
  });
});

describe('an object that is larger than 131,072 bytes', () => {
  const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

  test.each([
    'application/json',
    'application/json;pretty=1',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    TABLE,
  ])('is sent as gzip, and one that is not is not: %s', async (accept) => {
    let padding = 100_000;
    await using app = await serve(melons(() => padding));
    const sizeAt100k = (await ask(app, 'identity', accept)).bytes.length;
    padding += THRESHOLD - sizeAt100k;

    const small = await ask(app, 'gzip', accept);
    padding++;
    const large = await ask(app, 'gzip', accept);
    const plain = await ask(app, 'identity', accept);

    expect(small.bytes.length).toBe(THRESHOLD);
    expect(small.headers).not.toHaveProperty('content-encoding');
    expect(small.headers).not.toHaveProperty('vary');
    expect(large.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(large.headers['content-type']).toBe(plain.headers['content-type']);
    expect(gunzipSync(large.bytes).equals(plain.bytes)).toBe(true);
    expect(plain.bytes.length).toBe(THRESHOLD + 1);
  });

  test.each(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'])(
    'by itself, and not in a list, is sent as gzip too: %s',
    async (accept) => {
      await using app = await serve(melons(() => THRESHOLD));

      const reply = await ask(app, 'br, gzip', accept, 'melons/one');

      expect(reply.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
      expect(gunzipSync(reply.bytes).toString('latin1')).toContain('x'.repeat(THRESHOLD));
    },
  );

  test.each([
    { accept: 'application/yaml', coding: 'gzip' },
    // Nothing else will do for this client, and what could not be negotiated goes out as it is.
    { accept: TABLE, coding: undefined },
  ])('may be an error: $accept, $coding', async ({ accept, coding }) => {
    const refusing: Resource<string> = {
      ...melons(() => 0),
      get: () => {
        throw notFound('', 'melon', 'x'.repeat(THRESHOLD));
      },
    };
    await using app = await serve(refusing);

    const reply = await ask(app, 'gzip', accept, 'melons/one');

    expect(reply.status).toBe(404);
    expect(reply.headers['content-encoding']).toBe(coding);
  });

  test('is not when nobody may transform it: what is no object of the API', async () => {
    const checks = Array.from({ length: 3000 }, (_, at) => ({
      name: `check-${at}-${'x'.repeat(50)}`,
      endpoints: ['readyz'] as const,
      check: () => undefined,
    }));
    await using app = await serveApp({ checks, clock });

    const reply = await app.ask({
      path: '/readyz?verbose',
      headers: { 'accept-encoding': 'gzip' },
    });

    expect(reply.bytes.length).toBeGreaterThan(THRESHOLD);
    expect(reply.headers).not.toHaveProperty('content-encoding');
  });
});

describe('a list as gzip', () => {
  test('is not taken faster than its reader reads', async () => {
    let taken = 0;
    const resource = melons(
      () => 0,
      4000,
      () => taken++,
    );
    // Incompressible, or zlib would swallow it all.
    const noise = (): string => randomBytes(4500).toString('base64');
    const encoding = { ...resource.encoding, json: () => `"text":"${noise()}"` };
    await using app = await serve({ ...resource, encoding });

    const { bytes, takenWhileBlocked } = await new Promise<{
      bytes: number;
      takenWhileBlocked: number;
    }>((resolve, reject) => {
      const headers = { 'accept-encoding': 'gzip' };
      const target = { host: '127.0.0.1', port: app.port, path: `${ROOT}/melons`, headers };
      request({ ...target, agent: false }, (incoming) => {
        void (async () => {
          await pause(300);
          const blocked = taken;
          let read = 0;
          for await (const chunk of incoming) read += (chunk as Buffer).length;
          resolve({ bytes: read, takenWhileBlocked: blocked });
        })().catch(reject);
      })
        .once('error', reject)
        .end();
    });

    expect(takenWhileBlocked).toBeLessThan(2000);
    expect(taken).toBe(4000);
    expect(bytes).toBeGreaterThan(5_000_000);
  });

  test('is taken no further once its reader is gone', async () => {
    let taken = 0;
    await using app = await serve(
      melons(
        () => 4000,
        100_000,
        () => taken++,
      ),
    );
    const headers = { 'accept-encoding': 'gzip' };
    const target = { host: '127.0.0.1', port: app.port, path: `${ROOT}/melons`, headers };

    await new Promise<void>((resolve, reject) => {
      const outgoing = request({ ...target, agent: false }, (incoming) => {
        incoming.once('data', () => {
          outgoing.destroy();
          resolve();
        });
        incoming.once('error', () => undefined);
      });
      outgoing.once('error', reject);
      outgoing.end();
    });
    await pause(100);
    const takenSoonAfter = taken;
    await pause(200);

    expect(taken).toBe(takenSoonAfter);
    expect(taken).toBeLessThan(100_000);
    expect(app.logged).toEqual([]);
  });

  test.each([
    { what: 'before enough is known of it', good: 10, status: 500 },
    { what: 'when it has begun', good: 1000, status: 0 },
  ])('that fails $what is not taken for whole', async ({ good, status }) => {
    let taken = 0;
    const failing = melons(
      () => {
        if (taken > good) throw new Error('out of melons');
        return 1000;
      },
      5000,
      () => taken++,
    );
    await using app = await serve(failing);

    const answered = await ask(app, 'gzip', 'application/json').then(
      (reply) => reply.status,
      () => 0,
    );

    expect(answered).toBe(status);
    expect(app.logged).toEqual(['Request failed: out of melons']);
  });

  test('lets others have their turn, once a few milliseconds', async () => {
    let nowMs = 0;
    // A millisecond goes by with each item.
    const resource = melons(
      () => 100,
      3000,
      () => nowMs++,
    );
    const slow: Clock = { nowMs: () => 0, monotonicMs: () => nowMs };
    await using app = await serveApp({
      groups: [fruitsGroup([], () => [resource])],
      clock: slow,
    });
    const list = ask(app, 'gzip', 'application/vnd.kubernetes.protobuf');
    const atTurns = new Set<number>();
    while (nowMs < 3000) {
      await nextTurn();
      atTurns.add(nowMs);
    }

    expect((await list).headers['content-encoding']).toBe('gzip');
    const times = [...atTurns].filter((ms) => ms > 0);
    const gaps = times.slice(1).map((ms, at) => ms - (times[at] ?? 0));
    // Looked at after 64 pieces at the latest.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(64 + 4);
  });
});
