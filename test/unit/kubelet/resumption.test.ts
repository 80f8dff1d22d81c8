import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TLSSocket } from 'node:tls';
import { BodyBuffer } from '../../../src/kubelet/body-buffer.ts';
import { Connections } from '../../../src/kubelet/connections.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { deadline } from '../../support/kubelet-client.ts';
import {
  type KubeletServer,
  newKubeletAuthority,
  sendSummary,
  startKubelet,
} from '../../support/kubelet-server.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { waitFor } from '../../support/wait-for.ts';

const MOST_KEPT = 2;
const HOUR_MS = 3_600_000;
const REQUEST = { text: 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', maxBytes: 1_000_000 };
const authority = newKubeletAuthority();
const stranger = newKubeletAuthority('another-ca');

let stack: AsyncDisposableStack;
let kubelets: readonly KubeletServer[];
let connections: Connections;
let clock: FakeClock;
let ca: string;
let resumptions: Map<KubeletServer, boolean[]>;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  clock = new FakeClock();
  ca = authority.certPem;
  const started = [0, 1, 2, 3].map(() => startKubelet(sendSummary, { authority }));
  kubelets = (await Promise.all(started)).map((kubelet) => stack.use(kubelet));
  resumptions = new Map(kubelets.map((kubelet) => [kubelet, []]));
  for (const kubelet of kubelets) {
    kubelet.answer = (request, response) => {
      const { socket } = request;
      if (socket instanceof TLSSocket) resumptions.get(kubelet)?.push(socket.isSessionReused());
      sendSummary(request, response);
    };
  }
  const config = { plainHttp: false, insecureTls: false, caFile: '' };
  connections = await Connections.open({
    config: { ...config, clientCertFile: '', clientKeyFile: '' },
    api: {
      get ca() {
        return ca;
      },
      insecureSkipTlsVerify: false,
      clientCertificate: undefined,
    },
    readFile: () => Promise.reject(new Error('not expected')),
    clock,
    log: new LogRecorder(),
    mostKept: MOST_KEPT,
  });
  stack.use(connections);
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function ask(kubelet: KubeletServer | undefined): Promise<void> {
  await connections.refresh();
  const host = `127.0.0.1:${kubelet?.port ?? 0}`;
  await connections.to(host).get(REQUEST, new BodyBuffer(), deadline());
}

async function askAll(): Promise<void> {
  for (const kubelet of kubelets) await ask(kubelet);
}

/** Whether the session of each request so far had been resumed. */
function resumed(kubelet: KubeletServer | undefined): readonly boolean[] {
  return (kubelet && resumptions.get(kubelet)) ?? [];
}

describe('Beyond the bound of kept connections', () => {
  test('a connection is closed after its answer, and the next one resumes its session', async () => {
    const [, , third, fourth] = kubelets;

    for (let round = 0; round < 3; round++) await askAll();

    expect(kubelets.map(({ sockets }) => sockets.length)).toEqual([1, 1, 3, 3]);
    expect([third, fourth].map(resumed)).toEqual([
      [false, true, true],
      [false, true, true],
    ]);
    expect(connections.size).toBe(MOST_KEPT);
    await waitFor(() => third?.sockets.every(({ destroyed }) => destroyed) === true);
  });

  test('the first ones stay kept, and a place that gets free goes to the next that comes', async () => {
    const [first, second, third, fourth] = kubelets;
    await askAll();
    first?.sockets[0]?.destroy();
    await waitFor(() => connections.size === 1);

    await ask(third);
    await ask(first);
    await askAll();

    expect([second, third].map((kubelet) => kubelet?.sockets.length)).toEqual([1, 2]);
    expect([first, fourth].map((kubelet) => kubelet?.sockets.length)).toEqual([3, 2]);
  });

  test('exchanges that wait use the connection before it is closed', async () => {
    const third = kubelets[2];
    await askAll();

    await Promise.all([ask(third), ask(third), ask(third)]);

    expect(third?.sockets).toHaveLength(2);
  });

  test('a session is not resumed when more than an hour has passed since the certificate was seen', async () => {
    const third = kubelets[2];
    await askAll();
    clock.advance(HOUR_MS - 1);
    await ask(third);
    clock.advance(1);

    await ask(third);
    await ask(third);

    expect(resumed(third)).toEqual([false, true, false, true]);
  });

  test('a session of before is not resumed when another CA is trusted: the kubelet is refused', async () => {
    const third = kubelets[2];
    await askAll();
    ca = stranger.certPem;

    await expect(ask(third)).rejects.toMatchObject({
      stage: 'handshaking',
      cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    });
    ca = authority.certPem;
    await ask(third);

    expect(resumed(third)).toEqual([false, false]);
  });

  test('a kubelet that comes back with a certificate of a stranger is refused', async () => {
    const third = kubelets[2];
    await askAll();
    await third?.[Symbol.asyncDispose]();
    const port = third?.port ?? 0;
    stack.use(await startKubelet(sendSummary, { authority: stranger, port }));

    await expect(ask(third)).rejects.toMatchObject({
      cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    });
  });
});
