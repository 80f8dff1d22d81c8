import { METHODS, type Server as PlainServer, createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { endGently } from './connections.ts';
import { HALF_OPEN, UNDECIDED, parserRefusal, refusalText } from './http-rules.ts';
import type { RequestLine } from './request-line.ts';

export interface SecondReaderLimits {
  readonly headerBytes: number;
  /** From the request line to the end of the headers. */
  readonly headersMs: number;
}

/** Behind the headers nothing is wanted; so much may come before it is waited for. */
const MAX_BEYOND_HEADERS_BYTES = 65_536;
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/**
 * Reads requests whose request line Node's parser refuses although Go takes it, or treats apart: an unknown method,
 * CONNECT, bytes beyond ASCII in the target. Another of Node's parsers gets the same bytes behind a line that it knows; the request that comes
 * out gets back what really stood there, and goes the way of all others. It is the last one of its connection.
 *
 * So the headers are read by the one parser that reads all headers, with its limits and its refusals.
 */
export class SecondReader {
  readonly #reader: PlainServer;
  readonly #limits: SecondReaderLimits;

  constructor(server: Server, limits: SecondReaderLimits) {
    this.#limits = limits;
    // Never listens: it is given connections.
    this.#reader = createServer({ ...UNDECIDED, maxHeaderSize: limits.headerBytes });
    this.#reader.maxHeadersCount = 0;
    Object.assign(this.#reader, HALF_OPEN);
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
      this.#reader.on(event, (request: IncomingMessage, response: ServerResponse) => {
        const stream: Duplex = request.socket;
        if (!(stream instanceof SecondLook)) return;
        stream.hasRequest();
        request.method = stream.line.method;
        request.url = stream.line.target;
        request.socket = stream.connection;
        response.shouldKeepAlive = false;
        server.emit(event, request, response);
      });
    }
    this.#reader.on('clientError', (err: NodeJS.ErrnoException, look) => {
      if (look instanceof SecondLook) look.fail(err);
    });
  }

  look(line: RequestLine, connection: Socket): SecondLook {
    const { headerBytes, headersMs } = this.#limits;
    return new SecondLook(line, connection, headerBytes + MAX_BEYOND_HEADERS_BYTES, headersMs);
  }

  /** Not before everything that came before is answered. */
  read(look: SecondLook): void {
    this.#reader.emit('connection', look);
  }
}

/** What one connection still says, from a request line on, and where the answer goes. */
export class SecondLook extends Duplex {
  readonly line: RequestLine;
  readonly connection: Socket;
  readonly #timer: NodeJS.Timeout;
  #bytesLeft: number;
  #isRead = false;

  constructor(line: RequestLine, connection: Socket, maxBytes: number, headersMs: number) {
    super();
    this.line = line;
    this.connection = connection;
    this.#bytesLeft = maxBytes;
    this.#timer = setTimeout(() => {
      this.fail();
    }, headersMs).unref();
    connection.once('close', () => {
      this.destroy();
    });
    // The first parser sees no response of its own, and would end the connection with the client's side.
    connection.removeAllListeners('end');
    connection.once('end', () => {
      this.push(null);
    });
    // What the method means for the response (HEAD has no body) is Node's to know.
    const isOrdinary = KNOWN_METHODS.has(line.method) && line.method !== 'CONNECT';
    const method = isOrdinary ? line.method : 'POST';
    this.push(`${method} / ${line.version}\r\n`);
    this.add(line.rest);
  }

  /** More of the connection. */
  add(packet: Buffer): void {
    this.#bytesLeft -= packet.length;
    if (this.#bytesLeft < 0) endGently(this.connection);
    else if (!this.#isRead) this.push(packet);
  }

  hasRequest(): void {
    this.#isRead = true;
    clearTimeout(this.#timer);
  }

  /** Without an error: in time. */
  fail(err?: NodeJS.ErrnoException): void {
    if (!this.#isRead) endGently(this.connection, refusalText(parserRefusal(err)));
  }

  override _read(): void {
    // What comes is pushed.
  }

  override _write(
    chunk: Buffer,
    encoding: BufferEncoding,
    done: (err?: Error | null) => void,
  ): void {
    this.connection.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    endGently(this.connection);
    done();
  }

  override _destroy(err: Error | null, done: (err: Error | null) => void): void {
    clearTimeout(this.#timer);
    done(err);
  }
}
