/**
 * A program of its own, so that nothing else takes memory: keeps connections to one HTTPS server open, each of which has read
 * one answer that ends with `the end`, and prints the resident bytes that one of them takes. Arguments: PORT, and `ours` or `plain`.
 */
import { type OnReadOpts } from 'node:net';
import { type ConnectionOptions, connect, createSecureContext } from 'node:tls';
import { KubeletSocket } from '../../src/kubelet/kubelet-socket.ts';

/** Until what all of them share is there. */
const WARM_UP = 50;
const COUNTED = 150;
const QUESTION = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

const [portText = '', kind = ''] = process.argv.slice(2);
const target = { host: '127.0.0.1', port: Number(portText) };
const context = createSecureContext();
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

interface Reader {
  readonly opened: () => void;
  readonly received: (length: number) => void;
  readonly failed: (error: Error | undefined) => void;
}

interface Kept {
  ask(): void;
  close(): void;
}

/** As kubelets are asked. */
function ours({ opened, received, failed }: Reader): Kept {
  const tls = { context, isVerified: false };
  const socket = new KubeletSocket(
    { target, tls, resumption: undefined, readBuffer },
    { opened, received, ended: () => undefined, closed: failed },
  );
  return {
    ask: () => {
      socket.write(QUESTION);
    },
    close: () => {
      socket.close();
    },
  };
}

/** As Node does it. */
function plain({ opened, received, failed }: Reader): Kept {
  const options: ConnectionOptions & { onread: OnReadOpts } = {
    ...target,
    secureContext: context,
    rejectUnauthorized: false,
    onread: {
      buffer: readBuffer,
      callback: (length) => {
        received(length);
        return true;
      },
    },
  };
  const socket = connect(options, opened).once('error', failed);
  return { ask: () => socket.write(QUESTION), close: () => socket.destroy() };
}

async function keepOne(): Promise<Kept> {
  const open = Promise.withResolvers<undefined>();
  const whole = Promise.withResolvers<undefined>();
  const kept = (kind === 'ours' ? ours : plain)({
    opened: () => {
      open.resolve(undefined);
    },
    received: (length) => {
      if (readBuffer.toString('latin1', 0, length).endsWith('the end')) whole.resolve(undefined);
    },
    failed: (error) => {
      throw error ?? new Error('The server has closed the connection');
    },
  });
  await open.promise;
  kept.ask();
  await whole.promise;
  return kept;
}

async function keep(count: number): Promise<Kept[]> {
  const all = [];
  for (let at = 0; at < count; at++) all.push(await keepOne());
  return all;
}

const warm = await keep(WARM_UP);
const before = process.memoryUsage.rss();
const counted = await keep(COUNTED);
const bytes = (process.memoryUsage.rss() - before) / COUNTED;
for (const kept of [...warm, ...counted]) kept.close();
process.stdout.write(String(Math.round(bytes)));
