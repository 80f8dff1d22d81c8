import type { TLSSocket } from 'node:tls';

/**
 * A TLS record with a warning alert, `user_canceled`. Of those that come before the server's hello OpenSSL passes over up to
 * four in a row. It never goes over the wire; whoever sits there could put one in, too.
 */
const PASSED_OVER = Uint8Array.of(21, 3, 1, 0, 2, 1, 90);

/** Of which it is known. Another one gets no such record: it might refuse every connection for it. */
const IS_KNOWN_OPENSSL = process.versions.openssl.startsWith('3.');

/**
 * Lets a connection keep 17 kB for what comes in encrypted instead of 64 kB. Node makes that buffer for the first bytes that
 * come, as large as it may read at once, and keeps it as long as the connection; what libuv reads it offers 64 kB. With this, the
 * first bytes come from us and are seven: for them Node makes 1 kB, and 16 kB more once that was full. From then on it reads 1
 * and 16 kB in turns, which was found to take no more time (docs/adr/0010).
 *
 * To be called when TCP is connected, before anything was read. It uses the function by which Node hands TLS what a socket had
 * read before; without that function, or with another OpenSSL, the connection goes on with 64 kB.
 */
export function useSmallBuffers(socket: TLSSocket): void {
  // Node's own, and not in its documentation.
  const handle: unknown = Reflect.get(socket, '_handle');
  if (IS_KNOWN_OPENSSL && canReceive(handle)) handle.receive(PASSED_OVER);
}

function canReceive(handle: unknown): handle is { receive(bytes: Uint8Array): void } {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'receive' in handle &&
    typeof handle.receive === 'function'
  );
}
