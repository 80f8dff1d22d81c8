import type { TLSSocket } from 'node:tls';

/**
 * A TLS record with the warning alert `user_canceled`, as any server may send it before its hello: OpenSSL passes over it
 * (RFC 8446 6.1, RFC 5246 7.2.2). Whoever sits between could put it there, too: it decides nothing.
 */
const PASSED_OVER = Uint8Array.of(21, 3, 1, 0, 2, 1, 90);

/**
 * Lets a connection keep 17 kB for what comes in encrypted instead of 64 kB. Node makes that buffer for the first bytes that
 * come, as large as it may read at once, and keeps it as long as the connection; what libuv reads it offers 64 kB. With this, the
 * first bytes come from us and are seven: for them Node makes 1 kB, and 16 kB more once that was full. From then on it reads 1
 * and 16 kB in turns, which takes less time than 64 kB that no cache holds (docs/adr/0010).
 *
 * To be called when TCP is connected, before anything was read. It uses the function by which Node hands TLS what a socket had
 * read before; a Node that has none goes on with 64 kB.
 */
export function useSmallBuffers(socket: TLSSocket): void {
  // Node's own, and not in its documentation.
  const handle: unknown = Reflect.get(socket, '_handle');
  if (canReceive(handle)) handle.receive(PASSED_OVER);
}

function canReceive(handle: unknown): handle is { receive(bytes: Uint8Array): void } {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'receive' in handle &&
    typeof handle.receive === 'function'
  );
}
