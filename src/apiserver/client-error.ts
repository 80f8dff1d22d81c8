import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Connections, endGently } from './connections.ts';
import { parserRefusal, refusalText } from './http-rules.ts';
import { requestLineAt } from './request-line.ts';
import { type SecondLook, SecondReader, type SecondReaderLimits } from './second-reader.ts';

/** As far as Node's parser got, and what it got. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: unknown;
  /** Into the packet. */
  readonly bytesParsed?: unknown;
  readonly reason?: unknown;
}

/** Mistakes in the request line, of which some are none to Go. */
const STUMBLED_OVER: ReadonlyMap<string, 'method' | 'target'> = new Map([
  ['HPE_INVALID_METHOD', 'method'],
  ['HPE_INVALID_URL', 'target'],
]);

/**
 * Answers what Node's parser cannot read, or will not (CONNECT), as Go's server would: after the responses to what came before, with a
 * refusal as text, and with the end of the connection.
 */
export function answerUnreadable(
  server: Server,
  connections: Connections,
  limits: SecondReaderLimits,
): void {
  const reader = new SecondReader(server, limits);
  /** The parser complains again of each packet that still comes. */
  const given = new WeakMap<Duplex, SecondLook | undefined>();

  server.on('clientError', (err: ParserError, socket) => {
    if (given.has(socket)) {
      given.get(socket)?.add(packetOf(err));
      return;
    }
    // More after a request that is to be the last: its response is on its way, and ends the connection.
    if (err.code === 'HPE_CLOSED_CONNECTION') return;
    given.set(socket, undefined);
    const connection = connections.opened(socket);
    if (!connection || err.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    // Nothing can be said behind the response to a request whose body breaks off, nor to who has said nothing in time.
    if (connections.isInBody(socket) || connections.isSilent(socket)) {
      connections.closeAfterAnswers(socket);
      return;
    }
    const look = lookAgain(err, connection, reader);
    given.set(socket, look);
    connections.whenAnswered(socket, () => {
      if (look) reader.read(look);
      else endGently(socket, refusalText(parserRefusal(err)));
    });
  });

  // No tunnel is opened: a request like any other. But Node has let go of its connection, and writes no response there.
  server.on('connect', (request) => {
    const { socket, method = '', url: target = '', httpVersion } = request;
    const version = `HTTP/${httpVersion}`;
    const look = reader.look({ method, target, version, rest: headersOf(request) }, socket);
    given.set(socket, look);
    socket.resume();
    connections.whenAnswered(socket, () => {
      reader.read(look);
    });
  });
}

/** The bytes of a request that a parser has read, from behind its request line. */
function headersOf({ rawHeaders }: IncomingMessage): Buffer {
  const lines = rawHeaders.flatMap((text, at) => (at % 2 === 0 ? [text, ': '] : [text, '\r\n']));
  return Buffer.from(`${lines.join('')}\r\n`, 'latin1');
}

function lookAgain(
  err: ParserError,
  connection: Socket,
  reader: SecondReader,
): SecondLook | undefined {
  const stumbledOver = STUMBLED_OVER.get(err.code ?? '');
  if (stumbledOver === undefined) return undefined;
  const at = typeof err.bytesParsed === 'number' ? err.bytesParsed : 0;
  const line = requestLineAt(packetOf(err), at, stumbledOver);
  return line && reader.look(line, connection);
}

function packetOf({ rawPacket }: ParserError): Buffer {
  return Buffer.isBuffer(rawPacket) ? rawPacket : Buffer.alloc(0);
}
