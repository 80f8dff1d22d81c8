import { METHODS } from 'node:http';

/** A request line as it came, and what came behind it in the same packet. */
export interface RequestLine {
  readonly method: string;
  /** One character a byte. */
  readonly target: string;
  /** `HTTP/1.1` or `HTTP/1.0` */
  readonly version: string;
  readonly rest: Buffer;
}

const LINE = /^([\w!#$%&'*+.^`|~-]+) ([\x21-\x7e\x80-\xff]+) (HTTP\/1\.[01])$/;
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/**
 * The request line at which Node's parser stumbled, `at` so many bytes into a packet, if it may be one to Go: any token
 * is a method there, and a target may hold bytes beyond ASCII, or be a URL of any kind. Undefined for all else, and
 * where the packet does not show the line from its beginning to its end.
 */
export function requestLineAt(
  packet: Buffer,
  at: number,
  stumbledOver: 'method' | 'target',
): RequestLine | undefined {
  const start = packet.subarray(0, at).lastIndexOf('\n') + 1;
  const end = packet.indexOf('\r\n', at);
  if (end === -1 || !isAfterMessage(packet, start)) return undefined;
  const match = LINE.exec(packet.toString('latin1', start, end));
  if (!match) return undefined;
  const [, method = '', target = '', version = ''] = match;
  // A known method is no mistake: then its beginning was in another packet. CONNECT has a reader of its own.
  if (KNOWN_METHODS.has(method) !== (stumbledOver === 'target') || method === 'CONNECT') {
    return undefined;
  }
  return { method, target, version, rest: packet.subarray(end + 2) };
}

/** Whether a message may begin here: not behind the bytes of a body, which may hold anything. */
function isAfterMessage(packet: Buffer, start: number): boolean {
  return start === 0 || packet.toString('latin1', Math.max(0, start - 4), start) === '\r\n\r\n';
}
