import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { systemClock } from '../../../src/clock.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import { Informer } from '../../../src/kube/informer.ts';
import type { InformerTiming } from '../../../src/kube/informer.ts';
import { memberOf, textOf } from '../../../src/kube/json-value.ts';
import type { KubeCredentials } from '../../../src/kube/kube-credentials.ts';
import type { Mirror } from '../../../src/kube/relist.ts';
import { credentialsFor, sendJson, startApiServer, statusBody } from '../../support/api-server.ts';
import type { Answer, ApiServer } from '../../support/api-server.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  added,
  bookmark,
  eventText,
  expired,
  inOrder,
  listEnd,
  openWatch,
  queryOf,
  thing,
} from '../../support/watch-script.ts';

const STREAMED = {
  allowWatchBookmarks: 'true',
  resourceVersionMatch: 'NotOlderThan',
  sendInitialEvents: 'true',
  watch: 'true',
};

/** Keeps `name → value`. */
class ThingMirror implements Mirror {
  readonly things = new Map<string, { readonly name: string; readonly value: string }>();

  upsert(object: unknown): object | undefined {
    const record = { name: nameOf(object), value: textOf(memberOf(object, 'value')) };
    if (record.value === 'bug') throw new TypeError('a bug of ours');
    this.things.set(record.name, record);
    return record;
  }

  remove(object: unknown): void {
    this.things.delete(nameOf(object));
  }

  retain(seen: ReadonlySet<object>): void {
    for (const record of this.things.values())
      if (!seen.has(record)) this.things.delete(record.name);
  }

  get text(): string {
    return [...this.things.values()].map(({ name, value }) => `${name}${value}`).join(' ');
  }
}

function nameOf(object: unknown): string {
  return textOf(memberOf(memberOf(object, 'metadata'), 'name'));
}

let api: ApiServer;
let stack: AsyncDisposableStack;
let mirror: ThingMirror;
let log: LogRecorder;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  mirror = new ThingMirror();
  log = new LogRecorder();
  api = stack.use(await startApiServer(() => undefined));
});

afterEach(async () => {
  await stack.disposeAsync();
});

function follow(
  answer: Answer,
  timing: Partial<InformerTiming> = {},
  credentials: KubeCredentials = credentialsFor(api),
): Informer {
  api.answer = answer;
  const client = stack.use(
    new KubeClient({
      credentials,
      userAgent: 'test',
      clock: systemClock,
      instruments: { requested: () => 0, waited: () => 0, transferred: () => 0 },
    }),
  );
  const informer = stack.use(
    new Informer(mirror, {
      resource: {
        name: 'things',
        path: '/api/v1/things',
        fieldSelector: 'status.phase=Running',
        listAccept: 'application/json;as=List',
        watchAccept: 'application/json;as=Item',
        remedy: 'Grant list and watch of things',
      },
      client,
      clock: systemClock,
      log,
      random: () => 0.5,
      timing: {
        backoff: { minMs: 5, maxMs: 20 },
        unreachableBackoff: { minMs: 5, maxMs: 20 },
        shortWatchMs: 0,
        ...timing,
      },
    }),
  );
  informer.start();
  return informer;
}

const noStreams: Answer = (_, response) => {
  sendJson(response, 422, statusBody(422, 'Invalid', 'sendInitialEvents is forbidden'));
};

function list(version: number, ...names: readonly string[]): Answer {
  return page(version, '', ...names);
}

function page(version: number, continueToken: string, ...names: readonly string[]): Answer {
  return (_, response) => {
    sendJson(response, 200, {
      kind: 'List',
      metadata: { resourceVersion: String(version), continue: continueToken },
      items: names.map((name) => thing(name, version)),
    });
  };
}

function refuse(status: number, reason: string, message = reason): Answer {
  return (_, response) => {
    sendJson(response, status, statusBody(status, reason, message));
  };
}

function watch(...events: Parameters<typeof eventText>[0]): Answer {
  return (_, response) => {
    openWatch(response, ...events);
  };
}

function watchThatEnds(...events: Parameters<typeof eventText>[0]): Answer {
  return (_, response) => {
    response.writeHead(200).end(eventText(events));
  };
}

function watchThatBreaks(...events: Parameters<typeof eventText>[0]): Answer {
  return async (_, response) => {
    openWatch(response, ...events);
    await new Promise((resolve) => setTimeout(resolve, 10));
    response.destroy();
  };
}

async function write(response: ServerResponse, text: string, pieceBytes: number): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    response.write(bytes.subarray(at, at + pieceBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('Informer with streamed lists', () => {
  test('is synced by the bookmark that ends the list, and goes on in the same watch', async () => {
    let response: ServerResponse | undefined;
    const informer = follow((_, opened) => {
      response = opened;
      openWatch(opened, added('a', 1), added('b', 2), bookmark(2));
    });

    await waitFor(() => mirror.text === 'a b');
    expect(informer.synced).toBe(false);
    if (response) openWatch(response, listEnd(3), added('c', 4), ['DELETED', thing('a', 5)]);
    await informer.whenSynced(AbortSignal.timeout(20_000));

    await waitFor(() => mirror.text === 'b c');
    expect(api.requests.map(queryOf)).toEqual([
      { ...STREAMED, fieldSelector: 'status.phase=Running' },
    ]);
    expect(Number(api.requests[0]?.query.get('timeoutSeconds'))).toBe(450);
    expect(api.requests[0]?.headers.accept).toBe('application/json;as=Item');
  });

  test.each([1, 7, 1_000])('reads events cut into pieces of %d bytes', async (pieceBytes) => {
    const text = eventText([added('ä', 1, '→'), listEnd(2), added('b', 3, '𝄞')]);
    follow(async (_, response) => {
      response.writeHead(200);
      await write(response, text, pieceBytes);
    });

    await waitFor(() => mirror.text === 'ä→ b𝄞');
    expect(log.told).toEqual([]);
  });

  test('goes on from the last version when a watch breaks, and keeps what it has', async () => {
    follow(
      inOrder(
        watchThatBreaks(added('a', 1), listEnd(2), added('b', 5), bookmark(9)),
        watch(added('c', 10)),
      ),
    );

    await waitFor(() => mirror.text === 'a b c');
    expect(queryOf(api.requests[1] ?? fail())).toEqual({
      allowWatchBookmarks: 'true',
      fieldSelector: 'status.phase=Running',
      resourceVersion: '9',
      watch: 'true',
    });
    expect(log.told).toEqual([]);
  });

  test('goes on at once when the server ends a watch in order', async () => {
    const timing = { backoff: { minMs: 60_000, maxMs: 60_000 } };
    follow(inOrder(watchThatEnds(listEnd(2), added('a', 3)), watch(added('b', 4))), timing);

    await waitFor(() => mirror.text === 'a b');
    expect(api.requests[1]?.query.get('resourceVersion')).toBe('3');
  });

  test('lists anew when the version has grown too old, and serves what it has meanwhile', async () => {
    let relist: ServerResponse | undefined;
    follow(
      inOrder(watchThatEnds(added('a', 1), added('b', 1), listEnd(2), expired()), (_, response) => {
        relist = response;
        openWatch(response, added('b', 8, '!'));
      }),
    );

    await waitFor(() => mirror.text === 'a b!');
    expect(queryOf(api.requests[1] ?? fail())).toMatchObject(STREAMED);
    expect(api.requests[1]?.query.get('resourceVersion')).toBeNull();
    if (relist) openWatch(relist, added('c', 9), listEnd(9));

    await waitFor(() => mirror.text === 'b! c');
    expect(log.told).toEqual([]);
  });

  test('removes nothing when a new list breaks off', async () => {
    follow(
      inOrder(
        watchThatEnds(added('a', 1), added('b', 1), listEnd(2), expired()),
        watchThatBreaks(added('b', 8)),
        watch(added('b', 8), listEnd(9)),
      ),
    );

    await waitFor(() => api.requests.length === 2);
    expect(mirror.text).toBe('a b');
    await waitFor(() => mirror.text === 'b');
  });

  test('cuts a watch that the server should have ended long ago', async () => {
    // Begins before the connection, over which the list has to come as well.
    const timing = { minWatchMs: 500, maxWatchMs: 500, watchGraceMs: 100 };
    follow(inOrder(watch(added('a', 1), listEnd(2)), watch(added('b', 3))), timing);

    await waitFor(() => mirror.text === 'a b');
    expect(api.requests[1]?.query.get('resourceVersion')).toBe('2');
    expect(log.told[0]).toBe('warn Could not follow resource, retrying');
  });
});

describe('Informer with paged lists', () => {
  test('lists page by page where streamed lists are not known, then watches', async () => {
    const informer = follow(
      inOrder(noStreams, page(7, 'next', 'a', 'b'), list(7, 'c'), watch(added('d', 8))),
    );

    await informer.whenSynced(AbortSignal.timeout(20_000));
    await waitFor(() => mirror.text === 'a b c d');
    const fieldSelector = 'status.phase=Running';
    expect(api.requests.slice(1).map(queryOf)).toEqual([
      { fieldSelector, limit: '500', resourceVersion: '0' },
      { fieldSelector, limit: '500', continue: 'next' },
      { fieldSelector, allowWatchBookmarks: 'true', resourceVersion: '7', watch: 'true' },
    ]);
    expect(api.requests[1]?.headers.accept).toBe('application/json;as=List');
    expect(log.told).toEqual(['info Could not stream list, lists page by page']);
  });

  test('does not try a streamed list again', async () => {
    follow(inOrder(noStreams, list(7, 'a'), refuse(410, 'Gone'), list(9, 'b'), watch()));

    await waitFor(() => mirror.text === 'b');
    expect(queryOf(api.requests[3] ?? fail())).toEqual({
      fieldSelector: 'status.phase=Running',
      limit: '500',
    });
  });

  test('lists page by page when a streamed list stays silent', async () => {
    const informer = follow(inOrder(watch(added('a', 1)), list(3, 'a', 'b'), watch()), {
      streamSilenceMs: 40,
    });

    await informer.whenSynced(AbortSignal.timeout(10_000));
    expect(mirror.text).toBe('a b');
  });

  test('lists page by page when streamed lists keep failing', async () => {
    const failing = refuse(500, 'InternalError');
    const informer = follow(inOrder(failing, failing, failing, list(3, 'a'), watch()));

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(mirror.text).toBe('a');
  });

  test('lists page by page when streamed lists end before they are whole', async () => {
    const ending = watchThatEnds(added('a', 1));
    const informer = follow(inOrder(ending, ending, ending, list(3, 'b'), watch()));

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(mirror.text).toBe('b');
  });

  test('lists everything at once when the pages expire, and forgets what the old pages showed', async () => {
    const informer = follow(
      inOrder(
        noStreams,
        page(7, 'next', 'a', 'b'),
        refuse(410, 'Expired'),
        list(9, 'b', 'c'),
        watch(),
      ),
    );

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(mirror.text).toBe('b c');
    expect(queryOf(api.requests[3] ?? fail())).toEqual({ fieldSelector: 'status.phase=Running' });
  });

  test('reads a list of any size, item by item', async () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `pod-${index}`);
    const informer = follow(inOrder(noStreams, list(7, ...names), watch()));

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(mirror.things.size).toBe(5_000);
  });

  test('starts over when a list breaks off, or makes no sense', async () => {
    const informer = follow(
      inOrder(
        noStreams,
        (_, response) => {
          response.writeHead(200).end('{"metadata":{"resourceVersion":"1"},"items":[{"meta');
        },
        (_, response) => {
          response.writeHead(200).end('<html>');
        },
        (_, response) => {
          sendJson(response, 200, { metadata: {}, items: [] });
        },
        list(7, 'a'),
        watch(),
      ),
    );

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(mirror.text).toBe('a');
  });
});

describe('Informer in trouble', () => {
  test('tells once why it may not read, what to do, and when it may again', async () => {
    const forbidden = refuse(403, 'Forbidden', 'things is forbidden');
    const informer = follow(
      inOrder(forbidden, forbidden, forbidden, watch(added('a', 1), listEnd(2))),
    );

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(log.told).toEqual([
      'error Not allowed to follow resource',
      'info Follows resource again',
    ]);
    expect(log.lines.find(({ level }) => level === 'error')?.fields).toMatchObject({
      resource: 'things',
      remedy: 'Grant list and watch of things',
      err: expect.objectContaining({ message: 'things is forbidden' }),
    });
  });

  test('tells again when the reason changes', async () => {
    const informer = follow(
      inOrder(
        refuse(503, 'ServiceUnavailable'),
        refuse(503, 'ServiceUnavailable'),
        refuse(429, 'TooManyRequests'),
        watch(listEnd(2)),
      ),
    );

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(log.told).toEqual([
      'warn Could not follow resource, retrying',
      'warn Could not follow resource, retrying',
      'info Follows resource again',
    ]);
  });

  test('tells once that nobody is there, in whatever way that shows', async () => {
    const informer = follow(
      inOrder(
        refuse(503, 'ServiceUnavailable'),
        (_, response) => {
          response.destroy();
        },
        refuse(502, ''),
        watch(listEnd(2)),
      ),
    );

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(log.told).toEqual([
      'warn Could not follow resource, retrying',
      'info Follows resource again',
    ]);
    expect(log.lines.find(({ level }) => level === 'warn')?.fields).toMatchObject({
      remedy:
        'See whether kube-apiserver runs; check its address, and the network policies in between',
    });
  });

  test.each([
    { name: 'does not mind that it is refused at first', refusals: 4, told: [] },
    {
      name: 'tells that it is refused once more',
      refusals: 5,
      told: ['error Not allowed to follow resource'],
    },
  ])('$name by a server that was away', async ({ refusals, told }) => {
    const informer = follow(
      inOrder(
        refuse(503, 'ServiceUnavailable'),
        ...Array.from({ length: refusals }, () => refuse(403, 'Forbidden')),
        watch(added('a', 1), listEnd(2)),
      ),
    );

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(log.told).toEqual([
      'warn Could not follow resource, retrying',
      ...told,
      'info Follows resource again',
    ]);
  });

  test('reads the token again when it is refused', async () => {
    let token = 'old';
    const credentials = credentialsFor(api, {
      token: () => Promise.resolve(token),
      refreshToken: () => {
        token = 'new';
      },
    });
    const informer = follow(
      ({ headers }, response) => {
        if (headers.authorization === 'Bearer new') openWatch(response, listEnd(1));
        else sendJson(response, 401, statusBody(401, 'Unauthorized', 'Unauthorized'));
      },
      {},
      credentials,
    );

    await informer.whenSynced(AbortSignal.timeout(20_000));
    expect(log.told).toEqual([]);
  });

  test('tells that watches keep breaking', async () => {
    const breaking = watchThatBreaks();
    follow(
      inOrder(watchThatBreaks(listEnd(2)), breaking, breaking, breaking, watch(added('a', 3))),
    );

    await waitFor(() => mirror.text === 'a');
    expect(log.told).toEqual([
      'warn Could not follow resource, retrying',
      'info Follows resource again',
    ]);
  });

  test.each([
    { name: 'makes no sense', text: '{"type":"ADDED"\n' },
    { name: 'is of no known type', text: '{"type":"SYNC","object":{}}\n' },
    { name: 'meets a bug of ours', text: eventText([added('a', 3, 'bug')]) },
    { name: 'is an error', text: eventText([['ERROR', { code: 500, message: 'etcd' }]]) },
  ])('goes on after an event that $name', async ({ text }) => {
    follow(
      inOrder(
        (_, response) => {
          response.writeHead(200).write(eventText([listEnd(2)]) + text);
        },
        watch(added('b', 4)),
      ),
    );

    await waitFor(() => mirror.text === 'b');
    expect(log.told).toContain('warn Could not follow resource, retrying');
  });

  test('doubts the place to watch from after failures in a row, and lists anew', async () => {
    const failing = refuse(500, 'InternalError', 'etcd');
    follow(
      inOrder(
        watchThatBreaks(added('a', 1), listEnd(2)),
        failing,
        failing,
        failing,
        failing,
        watch(added('b', 9), listEnd(9)),
      ),
    );

    await waitFor(() => mirror.text === 'b');
    expect(queryOf(api.requests[5] ?? fail())).toMatchObject(STREAMED);
  });

  test('comes back when the server was away', async () => {
    follow(inOrder(watch(added('a', 1), listEnd(2))), {});
    await waitFor(() => mirror.text === 'a');
    const { url, authority } = api;

    await api[Symbol.asyncDispose]();
    await waitFor(() => log.told.length > 0);
    const port = Number(new URL(url).port);
    api = stack.use(await startApiServer(watch(added('b', 3)), { authority, port }));

    await waitFor(() => mirror.text === 'a b');
    expect(log.told).toEqual([
      'warn Could not follow resource, retrying',
      'info Follows resource again',
    ]);
    expect(api.requests[0]?.query.get('resourceVersion')).toBe('2');
  });

  test('ends when disposed, with a watch open or in the middle of a pause of a minute', async () => {
    const open = follow(watch(listEnd(2)));
    await open.whenSynced(AbortSignal.timeout(20_000));
    const pausing = follow(refuse(500, 'InternalError'), {
      backoff: { minMs: 60_000, maxMs: 60_000 },
    });
    await waitFor(() => log.told.length > 0);
    const startMs = performance.now();

    await open[Symbol.asyncDispose]();
    await pausing[Symbol.asyncDispose]();

    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  test('gives the reason to who does not want to wait for it any more', async () => {
    const informer = follow(() => undefined);
    const controller = new AbortController();

    const waiting = informer.whenSynced(controller.signal);
    controller.abort(new Error('shutting down'));

    await expect(waiting).rejects.toThrow('shutting down');
  });
});

function fail(): never {
  throw new Error('There was no such request');
}
