import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** More of a client's certificates are not read from the connection. */
const MAX_CHAIN = 16;

export interface PeerCertificate {
  readonly leaf: X509Certificate;
  /**
   * What else the TLS layer shows of the chain. It may have come from the client or from our own list
   * of authorities, so it proves nothing by itself.
   */
  readonly intermediates: readonly X509Certificate[];
}

/** What the other side presented in the handshake, where it also proved to hold the leaf's key. */
export function readPeerCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return undefined;
  const intermediates: X509Certificate[] = [];
  let next = leaf.issuerCertificate;
  while (next && intermediates.length < MAX_CHAIN) {
    intermediates.push(next);
    next = next.issuerCertificate;
  }
  return { leaf, intermediates };
}
