// Puts load on a metrics server, in a process of its own: raw sockets over TLS, answers read whole and
// not looked into. Takes one question after the other as a message, answers each, and ends with its parent.
import { Agent, request } from 'node:https';
import type { OnReadOpts } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SecureContext, type TLSSocket, connect, createSecureContext } from 'node:tls';
import { AnswerReader, continueTokenIn } from './answer-reader.ts';
import type { Fetch, FetchResult, Load, LoadResult, Question, Reply, Target } from './load.ts';

const READ_BYTES = 256 * 1024;
const ANSWER_WITHIN_MS = 60_000;
/** More failures than that are not a measurement. */
const MOST_FAILURES = 50;

interface Whole {
  readonly code: number;
  readonly bytes: number;
  readonly beginning: string;
}

/** One kept connection. */
class Connection {
  readonly #socket: TLSSocket;
  readonly #reader = new AnswerReader();
  #waiting: PromiseWithResolvers<Whole> | undefined;
  #problem: Error | undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  static async open(port: number, secureContext: SecureContext): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const onread: OnReadOpts = {
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback: (length, buffer) => {
        connection.#take(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    };
    const socket = connect({
      port,
      host: '127.0.0.1',
      secureContext,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...{ onread }, // known to Node, not to its types
    });
    const connection = new Connection(socket);
    socket.setNoDelay(true);
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error('no answer in time')));
    socket.once('secureConnect', () => {
      resolve(undefined);
    });
    socket.on('error', (error) => {
      reject(error);
      connection.#fail(error);
    });
    socket.on('close', () => {
      connection.#fail(new Error('closed by the server'));
    });
    await promise;
    return connection;
  }

  ask(question: Buffer): Promise<Whole> {
    if (this.#problem) return Promise.reject(this.#problem);
    this.#waiting = Promise.withResolvers();
    this.#socket.write(question);
    return this.#waiting.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(piece: Buffer): void {
    if (!this.#reader.add(piece)) return;
    const { code, bytes, beginning } = this.#reader;
    this.#waiting?.resolve({ code, bytes, beginning });
  }

  #fail(error: Error): void {
    this.#problem ??= error;
    this.#waiting?.reject(this.#problem);
  }
}

/** Everything that is counted while a load runs. */
class Counted {
  readonly latenciesMs: number[] = [];
  started = 0;
  bytes = 0;
  pages = 0;
  failures = 0;
}

async function runLoad(load: Load, target: Target): Promise<LoadResult> {
  const context = createSecureContext({ cert: target.cert, key: target.key });
  const open = (): Promise<Connection> => Connection.open(target.port, context);
  const opened = await Promise.all(Array.from({ length: load.connections }, open));
  const counted = new Counted();
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(opened.map((first) => work(load, counted, first, open)));
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const { latenciesMs, bytes, pages, failures } = counted;
  return {
    seconds,
    latenciesMs,
    bytes,
    pages,
    failures,
    clientBusy: (user + system) / 1e6 / seconds,
  };
}

/** One connection's share of a load. Another one is opened when it breaks. */
async function work(
  load: Load,
  counted: Counted,
  first: Connection,
  open: () => Promise<Connection>,
): Promise<void> {
  let connection = first;
  const startMs = performance.now();
  let dueMs = startMs;
  while (dueMs - startMs < load.forMs || counted.started < load.atLeast) {
    const earlyMs = dueMs - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
    const fromMs = load.countsWaiting && earlyMs <= 0 ? dueMs : performance.now();
    const path = load.paths[counted.started % load.paths.length] ?? '/';
    counted.started += 1;
    try {
      const { isFine, bytes, pages } = await readAll(load, path, connection);
      if (!isFine) counted.failures += 1;
      counted.latenciesMs.push(performance.now() - fromMs);
      counted.bytes = bytes;
      counted.pages = pages;
    } catch (error) {
      counted.failures += 1;
      if (counted.failures > MOST_FAILURES) throw error;
      connection.close();
      connection = await open();
    }
    if (counted.failures > MOST_FAILURES) {
      throw new Error(`more than ${MOST_FAILURES} answers of ${path} failed`);
    }
    dueMs += load.everyMs;
    if (!load.countsWaiting) dueMs = Math.max(dueMs, performance.now());
  }
  connection.close();
}

/** One answer, or as many as a list has pages. */
async function readAll(
  { accept, isPaged }: Load,
  path: string,
  connection: Connection,
): Promise<{ isFine: boolean; bytes: number; pages: number }> {
  let sum = 0;
  let next = path;
  for (let pages = 1; ; pages++) {
    const { code, bytes, beginning } = await connection.ask(questionOf(next, accept));
    sum += bytes;
    const token = isPaged ? continueTokenIn(beginning) : undefined;
    if (code !== 200 || token === undefined) return { isFine: code === 200, bytes: sum, pages };
    next = `${path}${path.includes('?') ? '&' : '?'}continue=${encodeURIComponent(token)}`;
  }
}

function questionOf(path: string, accept: string): Buffer {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: bench\r\naccept: ${accept}\r\nuser-agent: bench\r\n\r\n`,
  );
}

/** Code 0 when nobody listens, or the connection broke. */
async function fetchOnce(
  { path }: Pick<Fetch, 'path'>,
  { port, cert, key }: Target,
): Promise<FetchResult> {
  const options = { host: '127.0.0.1', port, path, cert, key, rejectUnauthorized: false };
  try {
    const { promise, resolve, reject } = Promise.withResolvers<FetchResult>();
    const sent = request({ ...options, agent, timeout: ANSWER_WITHIN_MS }, (response) => {
      const code = response.statusCode ?? 0;
      text(response).then((body) => {
        resolve({ code, body });
      }, reject);
    });
    sent
      .on('error', reject)
      .on('timeout', () => sent.destroy())
      .end();
    return await promise;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: 0, body: String(error.code) };
    throw error;
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let target: Target | undefined;

async function replyTo(question: Question): Promise<Reply> {
  if (question.kind === 'target') {
    target = question;
    return { kind: 'target' };
  }
  if (!target) throw new Error('asked before it knows whom to ask');
  switch (question.kind) {
    case 'load':
      return { kind: 'load', result: await runLoad(question, target) };
    case 'fetch':
      return { kind: 'fetch', result: await fetchOnce(question, target) };
    case 'names': {
      const { code, body } = await fetchOnce(question, target);
      return { kind: 'names', result: code === 200 ? namesIn(body) : [] };
    }
  }
}

function namesIn(body: string): string[] {
  const { items } = JSON.parse(body) as {
    readonly items: readonly { readonly metadata: { name: string; namespace?: string } }[];
  };
  return items.map(({ metadata: { name, namespace } }) =>
    namespace === undefined ? name : `${namespace}/${name}`,
  );
}

process.on('message', (question: Question) => {
  void replyTo(question)
    .catch((error: unknown): Reply => ({ kind: 'failed', message: String(error) }))
    .then((reply) => process.send?.(reply));
});
process.on('disconnect', () => {
  process.exit();
});
