import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** What the bench asks of this thread: so many requests, over so many kept connections. */
export interface Load {
  readonly port: number;
  readonly path: string;
  readonly accept: string;
  readonly acceptEncoding: string;
  readonly requests: number;
  readonly connections: number;
}

export interface LoadResult {
  readonly seconds: number;
  /** Of each request, until its last byte; ascending. */
  readonly latenciesMs: readonly number[];
  readonly bytes: number;
}

const HEADERS_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

async function run(load: Load): Promise<LoadResult> {
  const { port, path, accept, acceptEncoding, requests, connections } = load;
  const question = Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: bench\r\naccept: ${accept}\r\n` +
      `accept-encoding: ${acceptEncoding}\r\nuser-agent: bench\r\n\r\n`,
  );
  const latenciesMs: number[] = [];
  let left = requests;
  let bytes = 0;
  const startMs = performance.now();
  const worker = async (): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    while (left-- > 0) {
      const askedMs = performance.now();
      const received = await exchange(socket, question);
      bytes += received;
      latenciesMs.push(performance.now() - askedMs);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - startMs) / 1000;
  return { seconds, latenciesMs: latenciesMs.sort((left, right) => left - right), bytes };
}

/** One request and its whole answer, read without a parser so that the client costs less than the server. */
function exchange(socket: Socket, question: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    let expected = -1;
    let tail: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      if (received === 0) expected = wholeLength(chunk);
      received += chunk.length;
      tail = chunk.length >= LAST_CHUNK.length ? chunk : Buffer.concat([tail, chunk]);
      const isWhole =
        expected >= 0 ? received >= expected : tail.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
      if (!isWhole) return;
      socket.off('data', onData);
      socket.off('error', reject);
      resolve(received);
    };
    socket.on('data', onData);
    socket.once('error', reject);
    socket.write(question);
  });
}

/** Of head and body; -1 when the body comes in chunks. The head is small and arrives in one piece on loopback. */
function wholeLength(chunk: Buffer): number {
  const headEnd = chunk.indexOf(HEADERS_END);
  const head = chunk.subarray(0, headEnd).toString('latin1');
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`expected 200, got ${head.slice(0, 40)}`);
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  return length === undefined ? -1 : headEnd + HEADERS_END.length + Number(length);
}

parentPort?.on('message', (load: Load) => {
  void run(load).then((result) => parentPort?.postMessage(result));
});
