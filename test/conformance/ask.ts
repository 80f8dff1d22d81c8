import { connect } from 'node:tls';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';

/** One request, written as it is: nothing is added, tidied up or refused. */
export interface Question {
  readonly method: string;
  readonly path: string;
  /** One line each, in this order; names may repeat. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | undefined;
  readonly certificate: CertificateAndKey | undefined;
}

export interface Answer {
  readonly status: number;
  /** Every header line, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

const TIMEOUT_MS = 20_000;
const MOST_BYTES = 16 * 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Asks over a TLS connection of its own, which the question has to end by `Connection: close`. Written on the
 * bare socket, since clients for use refuse what is asked here: unknown methods, odd paths, repeated
 * headers. The server's certificate is not verified: who is asked is the caller's business.
 *
 * @throws Error when there is no complete answer of HTTP/1.1 within 20 s and 16 MiB.
 */
export async function ask({ host, port }: Address, question: Question): Promise<Answer> {
  const { certificate } = question;
  const socket = connect({
    host,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...(certificate && { cert: certificate.certPem, key: certificate.keyPem }),
  });
  const deadline = setTimeout(() => {
    socket.destroy(new Error(`no complete answer within ${TIMEOUT_MS / 1000} s`));
  }, TIMEOUT_MS);
  try {
    socket.write(requestBytes(question));
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw new Error(`an answer of more than ${MOST_BYTES} bytes`);
    }
    return parseAnswer(question.method, Buffer.concat(chunks));
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

function requestBytes({ method, path, headers, body }: Question): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
}

/** @throws Error when the bytes are not one complete answer. Interim answers (1xx) are passed over. */
export function parseAnswer(method: string, bytes: Buffer): Answer {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) {
    throw new Error(`the connection ended before an answer: ${JSON.stringify(String(bytes))}`);
  }
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, code] = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine) ?? [];
  if (code === undefined) throw new Error(`no status line of HTTP/1.1: ${statusLine}`);
  const status = Number(code);
  const rest = bytes.subarray(end + HEAD_END.length);
  if (status < 200) return parseAnswer(method, rest);
  const headers = lines.map(headerOf);
  return { status, headers, body: bodyOf(method, status, headers, rest) };
}

function headerOf(line: string): readonly [string, string] {
  const [, name, value = ''] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a header: ${JSON.stringify(line)}`);
  return [name.toLowerCase(), value];
}

/** RFC 9112 section 6.3. */
function bodyOf(method: string, status: number, headers: Answer['headers'], rest: Buffer): Buffer {
  const valuesOf = (wanted: string) =>
    headers.filter(([name]) => name === wanted).map(([, value]) => value);
  const lengths = valuesOf('content-length');
  const encodings = valuesOf('transfer-encoding');
  if (lengths.length + encodings.length > 1) throw new Error('more than one length of the body');
  if (method === 'HEAD' || status === 204 || status === 304) {
    if (rest.length > 0) throw new Error(`a body after ${method} ${status}, which has none`);
    return rest;
  }
  if (encodings[0] === 'chunked') return joinChunks(rest);
  if (encodings[0] !== undefined) throw new Error(`transfer-encoding ${encodings[0]}`);
  if (lengths[0] !== undefined && Number(lengths[0]) !== rest.length) {
    throw new Error(`content-length ${lengths[0]} and a body of ${rest.length} bytes`);
  }
  return rest;
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const line = bytes.toString('latin1', at, lineEnd);
    if (lineEnd < 0 || !/^[0-9a-fA-F]+$/.test(line)) {
      throw new Error(`not the size of a chunk: ${JSON.stringify(line)}`);
    }
    const length = Number.parseInt(line, 16);
    const begin = lineEnd + 2;
    const end = begin + length;
    if (bytes.toString('latin1', end, end + 2) !== '\r\n')
      throw new Error('a chunk without its end');
    if (length === 0) {
      if (end + 2 !== bytes.length) throw new Error('bytes after the last chunk');
      return Buffer.concat(chunks);
    }
    chunks.push(bytes.subarray(begin, end));
    at = end + 2;
  }
}
