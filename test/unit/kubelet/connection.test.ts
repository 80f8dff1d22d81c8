import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Socket } from 'node:net';
import { NodeBlock } from '../../../src/model/node-block.ts';
import type { KubeletClient } from '../../../src/kubelet/kubelet-client.ts';
import { KubeletError } from '../../../src/kubelet/kubelet-error.ts';
import { type ClientHarness, deadline, openClient } from '../../support/kubelet-client.ts';
import {
  SUMMARY_TEXT,
  type TcpServer,
  newKubeletAuthority,
  startKubelet,
  startTcp,
} from '../../support/kubelet-server.ts';
import { waitFor } from '../../support/wait-for.ts';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const ANSWER = `${HEAD}content-length: ${SUMMARY_TEXT.length}\r\n\r\n${SUMMARY_TEXT}`;

const ALL_BUT_INTERVALS = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
  ...(['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const),
];

let stack: AsyncDisposableStack;
let harness: ClientHarness;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  harness = await openClient(undefined, { config: { plainHttp: true } });
  stack.use(harness.client);
});

afterEach(async () => {
  await stack.disposeAsync();
});

/** Something that answers each request, on any connection, with the next of these bytes. */
async function startScripted(...answers: ((socket: Socket) => void)[]): Promise<TcpServer> {
  let at = 0;
  const server = await startTcp((socket) => {
    socket.on('data', () => {
      answers[at++]?.(socket);
    });
  });
  return stack.use(server);
}

const says =
  (...pieces: string[]) =>
  (socket: Socket): void => {
    for (const piece of pieces) socket.write(piece);
  };

async function scrape(client: KubeletClient, server: { node(): object }): Promise<NodeBlock> {
  const block = new NodeBlock();
  await client.scrape(server.node() as Parameters<KubeletClient['scrape']>[0], block, deadline());
  return block;
}

describe('A connection to a kubelet', () => {
  test.each([
    { name: 'that closes', answer: (socket: Socket) => socket.end(ANSWER) },
    {
      name: 'that says it will close',
      answer: says(
        `${HEAD}connection: close\r\ncontent-length: ${SUMMARY_TEXT.length}\r\n\r\n${SUMMARY_TEXT}`,
      ),
    },
    {
      name: 'whose answer ends with the connection',
      answer: (socket: Socket) => socket.end(`${HEAD}\r\n${SUMMARY_TEXT}`),
    },
    { name: 'that says more than it was asked', answer: says(`${ANSWER}more`) },
    { name: 'that speaks without being asked', answer: says(ANSWER, '\r\n') },
    { name: 'of HTTP/1.0', answer: says(ANSWER.replace('HTTP/1.1', 'HTTP/1.0')) },
  ])('$name is made anew for the next scrape', async ({ answer }) => {
    const server = await startScripted(answer, says(ANSWER));

    expect((await scrape(harness.client, server)).podName).toEqual(['web-0']);
    await waitFor(() => server.sockets.every(({ destroyed }) => destroyed));
    expect((await scrape(harness.client, server)).podName).toEqual(['web-0']);

    expect(server.sockets).toHaveLength(2);
    expect(await harness.counted()).toEqual({ true: 2 });
  });

  test.each([
    { name: 'the middle of a status line', answer: 'HTTP/1.1 20', kind: 'reset' },
    { name: 'the middle of a field', answer: HEAD.slice(0, -9), kind: 'reset' },
    { name: 'the middle of the answer', answer: ANSWER.slice(0, -1), kind: 'reset' },
    {
      name: 'the middle of a chunk',
      answer: `${HEAD}transfer-encoding: chunked\r\n\r\n9\r\nab`,
      kind: 'reset',
    },
    {
      name: 'the last chunk but its end',
      answer: `${HEAD}transfer-encoding: chunked\r\n\r\n0\r\n`,
      kind: 'reset',
    },
  ])('that ends in $name is a failure', async ({ answer, kind }) => {
    const server = await startScripted((socket) => socket.end(answer));

    const failure = scrape(harness.client, server);

    await expect(failure).rejects.toBeInstanceOf(KubeletError);
    await expect(failure).rejects.toMatchObject({ kind });
  });

  test('on which something else speaks is a failure, and is closed', async () => {
    const server = await startScripted(says('220 mail.example ESMTP\r\n'));

    const failure = scrape(harness.client, server);

    await expect(failure).rejects.toMatchObject({ kind: 'decode' });
    await expect(failure).rejects.toThrow(
      'it does not speak HTTP as expected (expected a status line, got "220 mail.example ESMTP")',
    );
    await waitFor(() => server.sockets.every(({ destroyed }) => destroyed));
  });

  test('that breaks is not used by those that wait behind the one that breaks', async () => {
    const server = await startScripted(
      (socket) => socket.end(ANSWER.slice(0, -1)),
      says(ANSWER),
      says(ANSWER),
    );

    const outcomes = await Promise.allSettled([1, 2, 3].map(() => scrape(harness.client, server)));

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(server.sockets).toHaveLength(2);
  });

  test('that dies whenever it was kept is asked once more each time', async () => {
    const server = await startScripted(
      says(ANSWER),
      (socket) => socket.destroy(),
      says(ANSWER),
      (socket) => socket.resetAndDestroy(),
      says(ANSWER),
    );

    for (let round = 0; round < 3; round++) await scrape(harness.client, server);

    expect(server.sockets).toHaveLength(3);
    expect(await harness.counted()).toEqual({ true: 3 });
  });

  test('is closed when nobody has used it for long, and not before', async () => {
    jest.useFakeTimers({ doNotFake: ALL_BUT_INTERVALS });
    stack.defer(() => {
      jest.useRealTimers();
    });
    const { client, clock } = await openClient(undefined, { config: { plainHttp: true } });
    stack.use(client);
    const pass = (ms: number): void => {
      clock.advance(ms);
      jest.advanceTimersByTime(ms);
    };
    const server = await startScripted(says(ANSWER), says(ANSWER));
    await scrape(client, server);

    pass(79_000);
    await scrape(client, server);
    expect(server.sockets).toHaveLength(1);
    pass(90_000);

    await waitFor(() => server.sockets.every(({ destroyed }) => destroyed));
  });

  test('over TLS carries answers in whatever pieces they are written', async () => {
    const authority = newKubeletAuthority();
    const { client, counted } = await openClient(authority.certPem);
    stack.use(client);
    let round = 0;
    const server = await startKubelet(
      (_, response) => {
        const text = SUMMARY_TEXT + ' '.repeat((round * 7_919) % 200_000);
        const step = 1 + ((round * 104_729) % 70_000);
        const isChunked = round % 2 === 0;
        response.writeHead(200, {
          'content-type': 'application/json',
          ...(!isChunked && { 'content-length': text.length }),
        });
        for (let at = 0; at < text.length; at += step) response.write(text.slice(at, at + step));
        response.end();
      },
      { authority },
    );
    stack.use(server);

    for (; round < 100; round++) {
      expect((await scrape(client, server)).podName).toEqual(['web-0']);
    }

    expect(server.sockets).toHaveLength(1);
    expect(await counted()).toEqual({ true: 100 });
  });
});
