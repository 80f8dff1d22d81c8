import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { KubeletError } from '../../../src/kubelet/kubelet-error.ts';
import type { KubeletClient } from '../../../src/kubelet/kubelet-client.ts';
import type { KubeletNode } from '../../../src/kubelet/node-address.ts';
import { NodeBlock } from '../../../src/model/node-block.ts';
import { type ClientHarness, deadline, openClient } from '../../support/kubelet-client.ts';
import {
  type KubeletAnswer,
  type KubeletServer,
  SUMMARY_TEXT,
  newKubeletAuthority,
  sendPage,
  sendSummary,
  startKubelet,
} from '../../support/kubelet-server.ts';

const SUMMARY = 'GET /stats/summary?only_cpu_and_memory=true';
const PAGE = 'GET /metrics/resource';
const HOUR_MS = 3_600_000;
const authority = newKubeletAuthority();

let stack: AsyncDisposableStack;
let kubelet: KubeletServer;
let block: NodeBlock;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  block = new NodeBlock();
  kubelet = stack.use(await startKubelet(sendSummary, { authority }));
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function open(changes: Parameters<typeof openClient>[1] = {}): Promise<ClientHarness> {
  const harness = await openClient(authority.certPem, changes);
  stack.use(harness.client);
  return harness;
}

async function failureOf(scrape: Promise<void>): Promise<KubeletError> {
  const error = await scrape.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KubeletError)) throw new Error(`Not a KubeletError: ${String(error)}`);
  expect(error.message).not.toContain('secret-token');
  return error;
}

function scrape(client: KubeletClient, node: KubeletNode = kubelet.node()): Promise<void> {
  return client.scrape(node, block, deadline());
}

/** A kubelet that refuses the summary and has the page. */
function refusing(code: number): KubeletAnswer {
  return (request, response) => {
    if (request.url === '/metrics/resource') sendPage(request, response);
    else
      response
        .writeHead(code)
        .end('Forbidden (user=x, verb=get, resource=nodes, subresource=stats)');
  };
}

describe('KubeletClient.scrape', () => {
  test('fills the block with the summary', async () => {
    const { client, counted } = await open();

    await scrape(client);

    expect(kubelet.asked).toEqual([SUMMARY]);
    expect(block.source).toBe('summary');
    expect([block.nodeCpuSeconds, block.nodeCpuNanos, block.nodeMemoryBytes]).toEqual([7, 3, 4096]);
    expect([...block.podName, ...block.podUid, ...block.containerName]).toEqual([
      'web-0',
      'u-1',
      'main',
    ]);
    expect(await counted()).toEqual({ true: 1 });
  });

  test('says who we are, and asks for no other encoding', async () => {
    const { client } = await open();

    await scrape(client);

    expect(kubelet.requests[0]?.headers).toEqual({
      host: `127.0.0.1:${kubelet.port}`,
      connection: 'keep-alive',
      'user-agent': 'metrics-server/1 (linux/amd64) test',
      authorization: 'Bearer secret-token',
    });
  });

  test('reads a summary that names no content type, or that of virtual kubelets', async () => {
    const { client, counted } = await open();

    for (const headers of [{}, { 'content-type': 'text/plain; charset=utf-8' }]) {
      kubelet.answer = (_, response) => response.writeHead(200, headers).end(SUMMARY_TEXT);
      await scrape(client);
    }

    expect(await counted()).toEqual({ true: 2 });
  });

  test.each([
    {
      name: 'a page of HTML',
      answer: { code: 200, type: 'text/html', body: '<html>Sign in</html>' },
      kind: 'decode',
      words: 'expected the content type application/json, got "text/html"; is a proxy in between?',
    },
    {
      name: 'HTML that claims to be JSON',
      answer: { code: 200, type: 'application/json', body: '<html>Sign in</html>' },
      kind: 'decode',
      words: 'is not what was asked for: ',
    },
    {
      name: 'another content type',
      answer: { code: 200, type: 'application/octet-stream', body: SUMMARY_TEXT },
      kind: 'decode',
      words: 'got "application/octet-stream"',
    },
    {
      name: 'JSON that breaks off',
      answer: { code: 200, type: 'application/json', body: SUMMARY_TEXT.slice(0, 300) },
      kind: 'decode',
      words: 'got the end of the text',
    },
    {
      name: 'nothing',
      answer: { code: 200, type: 'application/json', body: '' },
      kind: 'decode',
      words: 'expected something, got nothing',
    },
    {
      name: 'a failure of its own',
      answer: { code: 500, type: 'text/plain', body: 'no\r\n \tcadvisor' },
      kind: 'status',
      words: `it answered ${SUMMARY} with 500 Internal Server Error, saying "no cadvisor"; see its log`,
    },
    {
      name: 'that it does not know our token',
      answer: { code: 401, type: 'text/plain', body: 'Unauthorized' },
      kind: 'unauthorized',
      words: 'authentication.webhook.enabled',
    },
    {
      name: 'that it could not ask whether we may',
      answer: {
        code: 500,
        type: 'text/plain',
        body: 'Authorization error (user=sa, verb=get, resource=nodes, subresource=stats)',
      },
      kind: 'undecided',
      words: 'it could not ask kube-apiserver whether we may',
    },
    {
      name: 'a long refusal that quotes our token',
      answer: { code: 400, type: 'text/plain', body: `Bearer secret-token ${'x'.repeat(100_000)}` },
      kind: 'status',
      words: 'saying "Bearer [our token] xxx',
    },
  ])('fails when the kubelet answers $name', async ({ answer, kind, words }) => {
    const { client, counted } = await open();
    kubelet.answer = (_, response) => {
      response.writeHead(answer.code, { 'content-type': answer.type }).end(answer.body);
    };

    const error = await failureOf(scrape(client));

    expect(error.kind).toBe(kind);
    expect(error.message).toContain(`Cannot scrape node "node-a" at 127.0.0.1:${kubelet.port}: `);
    expect(error.message).toContain(words);
    expect(error.message.length).toBeLessThan(600);
    expect(await counted()).toEqual({ false: 1 });
    expect(kubelet.asked).toEqual([SUMMARY]);
  });

  test('scrapes again over the same connection after a refusal', async () => {
    const { client } = await open();
    kubelet.answer = (_, response) => response.writeHead(500).end('not yet');
    await failureOf(scrape(client));

    kubelet.answer = sendSummary;
    await scrape(client);

    expect(kubelet.sockets).toHaveLength(1);
  });

  test('does not read what is encoded in a way that was not asked for', async () => {
    const { client } = await open();
    kubelet.answer = (_, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync(SUMMARY_TEXT));
    };

    const error = await failureOf(scrape(client));

    expect(error).toMatchObject({ kind: 'decode' });
    expect(error.message).toContain('got it encoded as "gzip"');
  });

  test('does not follow a redirect, so that the token stays', async () => {
    const { client } = await open();
    const other = stack.use(await startKubelet(sendSummary, { authority }));
    kubelet.answer = (_, response) => {
      response.writeHead(302, { location: `https://127.0.0.1:${other.port}/` }).end();
    };

    const error = await failureOf(scrape(client));

    expect(error.kind).toBe('redirect');
    expect(error.message).toContain('302 Found; redirects are not followed');
    expect(other.sockets).toHaveLength(0);
  });

  test.each([
    { name: 'announces', headers: { 'content-length': `${40 * 1024 * 1024}` } },
    { name: 'just sends', headers: {} },
  ])('breaks off an answer of 40 MiB that the kubelet $name', async ({ headers }) => {
    const { client, counted } = await open();
    const piece = Buffer.alloc(1024 * 1024, ' ');
    kubelet.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      for (let at = 0; at < 40; at++) response.write(piece);
      response.end();
    };

    const error = await failureOf(scrape(client));
    kubelet.answer = sendSummary;
    await scrape(client);

    expect(error.kind).toBe('too-large');
    expect(error.message).toContain('is longer than --kubelet-max-response-bytes=33554432');
    expect(kubelet.sockets).toHaveLength(2);
    expect(await counted()).toEqual({ false: 1, true: 1 });
  });

  test('reads an answer that is exactly as long as it may be, and none that is longer', async () => {
    const maxResponseBytes = Buffer.byteLength(SUMMARY_TEXT);
    const { client } = await open({ config: { maxResponseBytes } });
    await scrape(client);

    kubelet.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(SUMMARY_TEXT);
      response.end(' ');
    };

    expect(await failureOf(scrape(client))).toMatchObject({ kind: 'too-large' });
  });

  test('keeps answers to many nodes at once apart', async () => {
    const { client } = await open();
    const nodes = Array.from({ length: 40 }, (_, at) => `node-${at}`);
    const servers = await Promise.all(
      nodes.slice(0, 8).map(async () => stack.use(await startKubelet(sendSummary, { authority }))),
    );
    for (const [at, server] of servers.entries()) {
      const padding = ' '.repeat(at * 40_000);
      server.answer = (_, response) => {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(SUMMARY_TEXT.replace('web-0', `web-${at}`) + padding);
      };
    }

    const names = await Promise.all(
      nodes.map(async (name, at) => {
        const own = new NodeBlock();
        await client.scrape(servers[at % 8]?.node(name) ?? kubelet.node(), own, deadline());
        return own.podName[0];
      }),
    );

    expect(names).toEqual(nodes.map((_, at) => `web-${at % 8}`));
  });

  test('fails without a request when the node has no address of the wanted types', async () => {
    const { client, counted } = await open({ config: { addressTypes: ['ExternalIP'] } });

    const error = await failureOf(scrape(client));

    expect(error.kind).toBe('address');
    expect(kubelet.sockets).toHaveLength(0);
    expect(await counted()).toEqual({ false: 1 });
  });

  test('lets a failure fly that no kubelet can cause', async () => {
    const { client } = await open({
      credentials: { token: () => Promise.resolve('line\nbreak') },
    });

    await expect(scrape(client)).rejects.toThrow('invalid authorization header');
  });
});

describe('KubeletClient.forget', () => {
  test('ends the series of the node, and of no other', async () => {
    const { client, registry } = await open();
    await scrape(client);
    await scrape(client, kubelet.node('node-b'));

    client.forget('node-a');

    const text = await registry.metrics();
    expect(text).not.toContain('node-a');
    expect(text).toContain(
      'metrics_server_kubelet_request_duration_seconds_count{node="node-b"} 1',
    );
    expect(text).toContain('metrics_server_kubelet_last_request_time_seconds{node="node-b"}');
  });
});

describe('The token', () => {
  test('is read anew, once, when the kubelet does not know it', async () => {
    let token = 'old';
    const { client, counted } = await open({
      credentials: {
        token: () => Promise.resolve(token),
        refreshToken: () => {
          token = 'new';
        },
      },
    });
    kubelet.answer = (request, response) => {
      if (request.headers.authorization === 'Bearer new') sendSummary(request, response);
      else response.writeHead(401).end('Unauthorized');
    };

    await scrape(client);

    expect(kubelet.asked).toEqual([SUMMARY, SUMMARY]);
    expect(kubelet.sockets).toHaveLength(1);
    expect(await counted()).toEqual({ true: 1 });
  });

  test('is not sent twice when it is still the same', async () => {
    let refreshes = 0;
    const { client } = await open({
      credentials: {
        refreshToken: () => {
          refreshes++;
        },
      },
    });
    kubelet.answer = (_, response) => response.writeHead(401).end();

    expect(await failureOf(scrape(client))).toMatchObject({ kind: 'unauthorized' });
    expect(kubelet.asked).toHaveLength(1);
    expect(refreshes).toBe(1);
  });

  test('is not sent when there is none', async () => {
    const { client } = await open({ credentials: { token: () => Promise.resolve(undefined) } });

    await scrape(client);

    expect(kubelet.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test.each([
    {
      name: 'cannot be read',
      token: () => Promise.reject(new Error('EACCES: token')),
      words: 'our own credentials could not be read: EACCES: token',
    },
    {
      name: 'does not come in time',
      token: () => new Promise<never>(() => undefined),
      words: 'our own credentials could not be read in time',
    },
  ])('that $name is no fault of the kubelet', async ({ token, words }) => {
    const { client, counted } = await open({ credentials: { token } });

    const error = await failureOf(client.scrape(kubelet.node(), block, deadline(100)));

    expect(error.kind).toBe('credentials');
    expect(error.message).toContain(words);
    expect(kubelet.sockets).toHaveLength(0);
    expect(await counted()).toEqual({ false: 1 });
  });
});

describe('The source', () => {
  test.each([{ code: 403 }, { code: 404 }])(
    'is the page within the same scrape after $code, and for the next hour',
    async ({ code }) => {
      const { client, clock, counted } = await open();
      kubelet.answer = refusing(code);

      await scrape(client);
      expect(kubelet.asked).toEqual([SUMMARY, PAGE]);
      expect([block.source, block.podName[0], block.nodeMemoryBytes]).toEqual([
        'resource',
        'web-0',
        4096,
      ]);
      clock.advance(HOUR_MS - 1);
      await scrape(client);
      clock.advance(1);
      await scrape(client);
      await scrape(client);
      clock.advance(HOUR_MS);
      kubelet.answer = sendSummary;
      await scrape(client);
      await scrape(client);

      expect(kubelet.asked.slice(2)).toEqual([PAGE, SUMMARY, PAGE, PAGE, SUMMARY, SUMMARY]);
      expect(block.source).toBe('summary');
      expect(await counted()).toEqual({ true: 6 });
    },
  );

  test('is told once for all nodes when the rule is missing', async () => {
    const { client, log, clock } = await open();
    kubelet.answer = refusing(403);

    await scrape(client);
    await scrape(client, kubelet.node('node-b'));
    clock.advance(HOUR_MS);
    await scrape(client);

    expect(log.told).toEqual([
      'warn Kubelets refused the summary, read /metrics/resource instead; grant "get" on nodes/stats',
    ]);
    expect(log.lines[0]?.fields).toMatchObject({ node: 'node-a' });
    expect(String(log.lines[0]?.fields['err'])).toContain('grant "get" on nodes/stats');
  });

  test('is not told when a kubelet has no summary', async () => {
    const { client, log } = await open();
    kubelet.answer = refusing(404);

    await scrape(client);

    expect(log.lines).toEqual([]);
  });

  test.each([
    {
      summary: 403,
      page: 403,
      kind: 'forbidden',
      words: ['grant "get" on nodes/stats', 'grant "get" on nodes/metrics'],
    },
    {
      summary: 404,
      page: 403,
      kind: 'forbidden',
      words: ['does not serve it; and it answered', 'grant "get" on nodes/metrics'],
    },
    { summary: 403, page: 404, kind: 'forbidden', words: ['grant "get" on nodes/stats'] },
    { summary: 404, page: 404, kind: 'not-found', words: ['this kubelet does not serve it'] },
    { summary: 403, page: 500, kind: 'status', words: ['GET /metrics/resource with 500'] },
  ])(
    'that fails with $summary and then $page says what is to mend, and is tried again',
    async ({ summary, page, kind, words }) => {
      const { client, counted, log } = await open();
      kubelet.answer = (request, response) => {
        response.writeHead(request.url === '/metrics/resource' ? page : summary).end();
      };

      const error = await failureOf(scrape(client));
      await failureOf(scrape(client));

      expect(error.kind).toBe(kind);
      for (const part of words) expect(error.message).toContain(part);
      expect(error.message.match(/Cannot scrape/g)).toHaveLength(1);
      expect(kubelet.asked).toEqual([SUMMARY, PAGE, SUMMARY, PAGE]);
      expect(await counted()).toEqual({ false: 2 });
      expect(log.lines).toEqual([]);
    },
  );

  test('is the summary again as soon as the page is refused, too', async () => {
    const { client } = await open();
    kubelet.answer = refusing(403);
    await scrape(client);
    kubelet.answer = (_, response) => response.writeHead(403).end();
    await failureOf(scrape(client));
    kubelet.answer = sendSummary;

    await scrape(client);

    expect(kubelet.asked).toEqual([SUMMARY, PAGE, PAGE, SUMMARY]);
  });

  test('is forgotten with the node', async () => {
    const { client } = await open();
    kubelet.answer = refusing(403);
    await scrape(client);
    kubelet.answer = sendSummary;

    client.forget('node-a');
    await scrape(client);

    expect(kubelet.asked).toEqual([SUMMARY, PAGE, SUMMARY]);
  });

  test('does not change when a kubelet fails otherwise', async () => {
    const { client } = await open();
    kubelet.answer = (_, response) => response.writeHead(500).end();

    await failureOf(scrape(client));

    expect(kubelet.asked).toEqual([SUMMARY]);
  });

  test.each([
    { source: 'summary', asked: [SUMMARY], kind: 'forbidden' },
    { source: 'resource', asked: [PAGE], kind: 'forbidden' },
  ] as const)('is the one of --kubelet-metrics-source=$source alone', async (row) => {
    const { client } = await open({ config: { source: row.source } });
    kubelet.answer = (_, response) => response.writeHead(403).end();

    const error = await failureOf(scrape(client));

    expect(kubelet.asked).toEqual(row.asked);
    expect(error.kind).toBe(row.kind);
  });

  test.each(['auto', 'summary', 'resource'] as const)(
    'is the path that the node names, whatever the flag (%s) says',
    async (source) => {
      const { client } = await open({ config: { source } });
      kubelet.answer = sendPage;
      const node = { ...kubelet.node(), resourceMetricsPath: '/pods?x=1' };

      await scrape(client, node);

      expect(kubelet.asked).toEqual(['GET /pods%3Fx=1']);
      expect(block.source).toBe('resource');
    },
  );

  test('that the node names is not left for another', async () => {
    const { client } = await open();
    kubelet.answer = (_, response) => response.writeHead(404).end();
    const node = { ...kubelet.node(), resourceMetricsPath: '/custom' };

    const error = await failureOf(scrape(client, node));

    expect(error.kind).toBe('not-found');
    expect(kubelet.asked).toEqual(['GET /custom']);
  });

  test('an empty page is a failure, not the end of all pods', async () => {
    const { client } = await open({ config: { source: 'resource' } });
    kubelet.answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end();

    expect(await failureOf(scrape(client))).toMatchObject({ kind: 'decode' });
  });
});
