import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls';

export interface RawResponse {
  readonly code: number;
  /** Behind the code in the status line. */
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** How long a response, or the end, may take. */
const PATIENCE_MS = 8_000;

/** One TLS connection on which bytes are sent as they are, one character a byte, and responses read one by one. To be closed. */
export class RawConnection implements Disposable {
  readonly #socket: TLSSocket;
  #text = '';
  #isEnded = false;
  #changed = Promise.withResolvers<undefined>();

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    const changed = (): void => {
      this.#changed.resolve(undefined);
      this.#changed = Promise.withResolvers();
    };
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#text += text;
      changed();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.#isEnded = true;
        changed();
      });
    }
  }

  static async open(port: number, options: ConnectionOptions = {}): Promise<RawConnection> {
    const halfOpen = { allowHalfOpen: true }; // known to Node, not to its types
    const target = { host: '127.0.0.1', port, rejectUnauthorized: false };
    const socket = connect({ ...target, ...halfOpen, ...options });
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve).once('error', reject);
    });
    return new RawConnection(socket);
  }

  /** Resolves when the bytes are on their way. */
  send(bytes: string): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(Buffer.from(bytes, 'latin1'), () => {
        resolve();
      });
    });
  }

  /** Ends our side; what the other one says is still read. */
  finish(): void {
    this.#socket.end();
  }

  /** The next response; undefined when the server has ended its side. One to HEAD has no body, whatever its headers say. */
  async next(toHead = false): Promise<RawResponse | undefined> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const taken = takeResponse(this.#text, toHead, this.#isEnded);
      if (taken) {
        this.#text = taken.rest;
        return taken.response;
      }
      if (this.#isEnded) {
        if (this.#text !== '') throw new Error(`Half a response: ${this.#text.slice(0, 200)}`);
        return undefined;
      }
      await this.#change(deadlineMs - performance.now());
    }
  }

  async #change(patienceMs: number): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new Error(`Neither a response nor the end after: ${this.#text.slice(0, 200)}`));
    }, patienceMs);
    try {
      await Promise.race([this.#changed.promise, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

interface Taken {
  readonly response: RawResponse;
  readonly rest: string;
}

function takeResponse(text: string, toHead: boolean, isEnded: boolean): Taken | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const [, code = '', reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(line) ?? [];
  const headers = new Map(
    fields.map((field): [string, string] => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  const hasBody = !toHead && !/^(1..|204|304)$/.test(code);
  const taken = hasBody
    ? takeBody(text.slice(end + 4), headers, isEnded)
    : ['', text.slice(end + 4)];
  if (!taken) return undefined;
  const [body = '', rest = ''] = taken;
  return { response: { code: Number(code), reason, headers, body }, rest };
}

function takeBody(
  text: string,
  headers: ReadonlyMap<string, string>,
  isEnded: boolean,
): readonly [body: string, rest: string] | undefined {
  const length = headers.get('content-length');
  if (length !== undefined) {
    const bytes = Number(length);
    return text.length < bytes ? undefined : [text.slice(0, bytes), text.slice(bytes)];
  }
  if (headers.get('transfer-encoding') === 'chunked') return takeChunks(text);
  return isEnded ? [text, ''] : undefined;
}

function takeChunks(text: string): readonly [body: string, rest: string] | undefined {
  let body = '';
  let rest = text;
  for (;;) {
    const [line, digits = ''] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? [];
    if (line === undefined) return undefined;
    const bytes = parseInt(digits, 16);
    if (rest.length < line.length + bytes + 2) return undefined;
    body += rest.slice(line.length, line.length + bytes);
    rest = rest.slice(line.length + bytes + 2);
    if (bytes === 0) return [body, rest];
  }
}
