/**
 * A program of its own, so that nothing else takes memory: keeps connections to one HTTPS server open, each of which has read
 * one answer, and prints the resident bytes that one of them takes. Arguments: PORT, and `small` or `plain`.
 */
import { once } from 'node:events';
import { type TLSSocket, connect } from 'node:tls';
import { useSmallBuffers } from '../../src/kubelet/small-tls-buffers.ts';

/** Until what all of them share is there. */
const WARM_UP = 50;
const COUNTED = 150;

const [port = '', kind = ''] = process.argv.slice(2);
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

async function keepOne(): Promise<TLSSocket> {
  const ended = Promise.withResolvers<undefined>();
  const options = {
    host: '127.0.0.1',
    port: Number(port),
    rejectUnauthorized: false,
    onread: {
      buffer,
      callback(length: number) {
        if (buffer.toString('latin1', 0, length).endsWith('the end')) ended.resolve(undefined);
        return true;
      },
    },
  };
  const socket = connect(options);
  if (kind === 'small') {
    socket.once('connect', () => {
      useSmallBuffers(socket);
    });
  }
  await once(socket, 'secureConnect');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await ended.promise;
  return socket;
}

async function keep(count: number): Promise<TLSSocket[]> {
  const kept = [];
  for (let at = 0; at < count; at++) kept.push(await keepOne());
  return kept;
}

const warm = await keep(WARM_UP);
const before = process.memoryUsage.rss();
const counted = await keep(COUNTED);
const bytes = (process.memoryUsage.rss() - before) / COUNTED;
for (const socket of [...warm, ...counted]) socket.destroy();
process.stdout.write(String(Math.round(bytes)));
