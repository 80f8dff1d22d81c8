import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createCertificateAuthority } from '../../../src/pki/certificate.ts';
import { Faults } from '../../../src/simulator/faults.ts';
import type { FaultKind } from '../../../src/simulator/faults.ts';
import {
  createKubelets,
  kubeletForbiddenText,
  UNAUTHORIZED_TEXT,
} from '../../../src/simulator/kubelet.ts';
import type { KubeletAttributes } from '../../../src/simulator/kubelet.ts';
import { resourcePage } from '../../../src/simulator/resource-page.ts';
import { viewNode } from '../../../src/simulator/samples.ts';
import { summaryText } from '../../../src/simulator/summary.ts';
import { aHeldClock, aNodePlan, aPodPlan, aWorld, NOON_MS } from '../../support/a-world.ts';

const SUMMARY = '/stats/summary?only_cpu_and_memory=true';
const CLIENT_USER = 'system:serviceaccount:default:sa-none';

const clock = aHeldClock();
const world = aWorld([aPodPlan(), aPodPlan({ name: 'cart-1' })], clock);
const faults = new Faults({ clock });
// Certificates are judged by the real clock of the TLS library.
const ca = createCertificateAuthority({ commonName: 'kubelet-ca', nowMs: Date.now() });
const asked: (KubeletAttributes & { readonly token: string | undefined })[] = [];
const kubelets = createKubelets({
  world,
  faults,
  clock,
  servingCertificate: (node, validity) =>
    ca.issue({
      commonName: `system:node:${node.name}`,
      ipAddresses: ['127.0.0.1'],
      usages: ['serverAuth'],
      ...validity,
    }),
  authorizeRequest: ({ token }, attributes) => {
    asked.push({ ...attributes, token });
    if (token === undefined) return Promise.resolve({ status: 401, message: UNAUTHORIZED_TEXT });
    return Promise.resolve(
      token === 'good'
        ? { status: 200, message: '' }
        : { status: 403, message: kubeletForbiddenText(CLIENT_USER, attributes) },
    );
  },
});

interface Answer {
  readonly status: number | undefined;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** Whether the body came to its end. */
  readonly complete: boolean;
}

interface Question {
  readonly token?: string | undefined;
  readonly nodeName?: string;
  readonly method?: string;
  readonly agent?: Agent;
  /** Hangs up after so many bytes of the body. */
  readonly atMost?: number;
}

function ask(path: string, question: Question = {}): Promise<Answer> {
  const { nodeName = 'node-1', method = 'GET', agent, atMost = Infinity } = question;
  const token = 'token' in question ? question.token : 'good';
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: kubelets.port(nodeName),
        path,
        method,
        ca: ca.certPem,
        agent: agent ?? false,
        headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      },
      (incoming) => {
        let body = '';
        const finish = () => {
          const { statusCode: status, rawHeaders, complete } = incoming;
          resolve({ status, rawHeaders, body, complete });
        };
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          body += chunk;
          if (body.length >= atMost) outgoing.destroy();
        });
        incoming.on('end', finish).on('error', finish);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function withFault(kind: FaultKind, value?: number): Promise<void> {
  faults.set(kind, { nodeName: 'node-1', ...(value !== undefined && { value }) });
  await kubelets.settled();
}

function viewNow(nodeName = 'node-1') {
  const node = world.node(nodeName);
  if (!node) throw new Error('no node');
  return viewNode(world, node, clock.nowMs(), faults.of(nodeName));
}

beforeAll(async () => {
  world.addNode(
    aNodePlan({
      name: 'node-2',
      annotations: { 'metrics.k8s.io/resource-metrics-path': '/custom/page' },
    }),
  );
  await kubelets.start();
});

afterEach(async () => {
  faults.clear();
  await kubelets.settled();
  asked.length = 0;
  clock.set(NOON_MS);
});

afterAll(async () => {
  await kubelets[Symbol.asyncDispose]();
});

describe('a simulated kubelet', () => {
  test('answers the summary of its node, with the headers of a real one', async () => {
    const { status, rawHeaders, body } = await ask(SUMMARY);

    expect(status).toBe(200);
    expect(body).toBe(summaryText(viewNow(), true));
    expect(rawHeaders.filter((_, at) => at % 2 === 0).sort()).toEqual([
      'Content-Type',
      'Date',
      'Transfer-Encoding',
    ]);
    expect(rawHeaders).toEqual(expect.arrayContaining(['application/json', 'chunked']));
  });

  test.each([
    ['', false],
    ['?only_cpu_and_memory=true', true],
    ['?only_cpu_and_memory=1', false],
    ['?only_cpu_and_memory=True', false],
    ['?only_cpu_and_memory=true&only_cpu_and_memory=true', false],
  ])('takes the query "%s" as a real one', async (query, onlyCpuAndMemory) => {
    const { body } = await ask(`/stats/summary${query}`);

    expect(body).toBe(summaryText(viewNow(), onlyCpuAndMemory));
  });

  test('answers the resource page with its version, its escaping and its start', async () => {
    const { rawHeaders, body } = await ask('/metrics/resource');

    expect(body).toBe(resourcePage(viewNow()));
    expect(rawHeaders).toEqual(
      expect.arrayContaining([
        'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
        'Process-Start-Time-Unix',
      ]),
    );
  });

  test('answers by its own clock', async () => {
    clock.set(NOON_MS + 60_000);

    expect((await ask(SUMMARY)).body).toBe(summaryText(viewNow(), true));
  });

  test('answers its page on the path that its node announces', async () => {
    const { status, body } = await ask('/custom/page', { nodeName: 'node-2' });

    expect([status, body]).toEqual([200, resourcePage(viewNow('node-2'))]);
    expect(asked).toMatchObject([{ name: 'node-2', subresources: ['proxy'] }]);
    expect((await ask('/custom/page')).status).toBe(404);
  });

  test('refuses who is unknown and who may not, in the words of a real one', async () => {
    const unknown = await ask(SUMMARY, { token: undefined });
    const stranger = await ask(SUMMARY, { token: 'other' });

    expect([unknown.status, unknown.body]).toEqual([401, 'Unauthorized']);
    expect([stranger.status, stranger.body]).toEqual([
      403,
      'Forbidden (user=system:serviceaccount:default:sa-none, verb=get, resource=nodes, subresource(s)=[stats])\n',
    ]);
  });

  test.each([
    [SUMMARY, ['stats'], 200],
    ['/metrics/resource', ['metrics'], 200],
    ['/metrics/cadvisor', ['metrics'], 501],
    ['/pods', ['pods', 'proxy'], 501],
    ['/configz', ['configz', 'proxy'], 501],
    ['/healthz', ['healthz', 'proxy'], 200],
    ['/logs/', ['log'], 501],
    ['/runningpods/', ['proxy'], 501],
  ])('asks for %s whether the token may read nodes/%j', async (path, subresources, status) => {
    expect((await ask(path)).status).toBe(status);
    expect(asked).toEqual([
      { token: 'good', verb: 'get', resource: 'nodes', name: 'node-1', subresources },
    ]);
  });

  test('knows no other path and no other method', async () => {
    expect((await ask('/spec')).status).toBe(404);
    expect((await ask('/stats/summaries')).status).toBe(404);
    expect((await ask(SUMMARY, { method: 'POST' })).status).toBe(405);
    expect(asked).toEqual([]);
  });

  test('keeps a connection for further requests', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let sockets = 0;
    const before = kubelets.requests('node-1');
    agent.on('free', () => sockets++);

    await ask(SUMMARY, { agent });
    const [free] = Object.values(agent.freeSockets).flat();
    await ask(SUMMARY, { agent });

    expect(Object.values(agent.freeSockets).flat()[0] === free).toBe(true);
    expect(sockets).toBe(2);
    expect(kubelets.requests('node-1')).toBe(before + 2);
    agent.destroy();
  });

  test('writes its port into its Node object, and comes and goes with its node', async () => {
    world.addNode(aNodePlan({ name: 'node-3' }));
    await kubelets.settled();
    const port = kubelets.port('node-3');

    expect(world.node('node-3')?.object.status.daemonEndpoints?.kubeletEndpoint.Port).toBe(port);
    expect((await ask(SUMMARY, { nodeName: 'node-3' })).status).toBe(200);

    world.removeNode('node-3');
    await kubelets.settled();

    expect(kubelets.port('node-3')).toBe(0);
    await expect(tcpAnswers(port)).resolves.toBe('ECONNREFUSED');
  });
});

/** What a bare TCP connection meets: an error code, or `open`. */
function tcpAnswers(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve('open');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? '');
    });
  });
}

describe('a faulty kubelet', () => {
  test.each<[FaultKind, number, string]>([
    ['status-500', 500, 'Internal Error: simulated\n'],
    ['status-401', 401, 'Unauthorized'],
    ['status-403', 403, 'Forbidden (simulated)\n'],
    ['status-404', 404, '404 page not found\n'],
    ['redirect', 302, ''],
    ['empty', 200, ''],
  ])('with %s answers %i', async (kind, status, body) => {
    await withFault(kind);

    expect(await ask(SUMMARY)).toMatchObject({ status, body });
    expect((await ask(SUMMARY, { nodeName: 'node-2' })).body).toBe(
      summaryText(viewNow('node-2'), true),
    );
  });

  test('answers HTML', async () => {
    await withFault('html');

    const { status, rawHeaders, body } = await ask(SUMMARY);

    expect(status).toBe(200);
    expect(rawHeaders).toContain('text/html');
    expect(body).toContain('<html>');
  });

  test('answers half of the body as if it were all', async () => {
    await withFault('truncated');

    const { complete, body } = await ask(SUMMARY);

    const whole = summaryText(viewNow(), true);
    expect(complete).toBe(true);
    expect(body).toBe(whole.slice(0, Math.floor(whole.length / 2)));
  });

  test('breaks off in the middle of the body', async () => {
    await withFault('cut');

    const { complete, body } = await ask(SUMMARY);

    expect(complete).toBe(false);
    expect(summaryText(viewNow(), true).startsWith(body)).toBe(true);
  });

  test('answers the right body as another type', async () => {
    await withFault('wrong-content-type');

    const { rawHeaders, body } = await ask(SUMMARY);

    expect(rawHeaders).toContain('application/octet-stream');
    expect(body).toBe(summaryText(viewNow(), true));
  });

  test('blows a true body up with blanks', async () => {
    await withFault('huge', 3);

    const { body } = await ask(SUMMARY);

    expect(body).toHaveLength(3 * 1024 * 1024 + summaryText(viewNow(), true).length);
    expect(JSON.parse(body)).toEqual(JSON.parse(summaryText(viewNow(), true)));
  });

  test('drips, one byte after the other', async () => {
    await withFault('drip', 1);

    const { complete, body } = await ask(SUMMARY, { atMost: 3 });

    expect([complete, body]).toEqual([false, '{\n ']);
  });

  test('answers late', async () => {
    await withFault('slow', 40);
    const startMs = performance.now();

    const { body } = await ask(SUMMARY);

    expect(body).toBe(summaryText(viewNow(), true));
    expect(performance.now() - startMs).toBeGreaterThan(38);
  });

  test('accepts and says nothing, until it is mended: then it hangs up', async () => {
    await withFault('silent');
    let told = 'nothing';
    const answer = ask(SUMMARY).catch((error: unknown) => {
      told = 'error';
      throw error;
    });
    answer.catch(() => undefined);
    await expect(tcpAnswers(kubelets.port('node-1'))).resolves.toBe('open');
    expect(told).toBe('nothing');

    faults.clear('node-1');

    await expect(answer).rejects.toThrow();
    expect((await ask(SUMMARY)).status).toBe(200);
  });

  test.each<[FaultKind, string]>([
    ['wrong-certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['expired-certificate', 'CERT_HAS_EXPIRED'],
    ['reset', 'ECONNRESET'],
    ['refused', 'ECONNREFUSED'],
  ])('with %s is met with %s, and on the same port again afterwards', async (kind, code) => {
    const port = kubelets.port('node-1');
    await withFault(kind);

    await expect(ask(SUMMARY)).rejects.toMatchObject({ code });

    faults.clear();
    await kubelets.settled();
    expect(kubelets.port('node-1')).toBe(port);
    expect((await ask(SUMMARY)).status).toBe(200);
  });

  test('resets with a TCP reset, not with an orderly end', async () => {
    await withFault('reset');

    const end = await new Promise((resolve) => {
      const socket = connect(kubelets.port('node-1'), '127.0.0.1');
      socket.on('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code);
      });
      socket.on('end', () => {
        resolve('orderly');
      });
      socket.resume();
    });

    expect(end).toBe('ECONNRESET');
  });

  test('with a fault of connections breaks off those that are open', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await ask(SUMMARY, { agent });
    const closed = new Promise((resolve) => {
      for (const sockets of Object.values(agent.freeSockets)) sockets?.[0]?.once('close', resolve);
    });

    await withFault('refused');

    await closed;
    agent.destroy();
  });

  test('lies in both of its pages', async () => {
    await withFault('lying-huge');

    expect((await ask(SUMMARY)).body).toContain('"usageCoreNanoSeconds": 18446744073709551615');
    expect((await ask('/metrics/resource')).body).toContain(
      'pod="cart-0"} 1.8446744073709553e+10 ',
    );
  });

  test('is not ready, and ready again afterwards', async () => {
    const readiness = () =>
      world.node('node-1')?.object.status.conditions?.find(({ type }) => type === 'Ready')?.status;
    await withFault('not-ready');
    expect([readiness(), (await ask(SUMMARY)).status]).toEqual(['Unknown', 200]);

    faults.clear();
    await kubelets.settled();

    expect(readiness()).toBe('True');
  });
});
