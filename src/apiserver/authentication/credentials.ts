import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Credentials } from './authenticator.ts';
import { HeaderView } from './header-view.ts';
import { removeIdentityHeaders } from './identity-headers.ts';
import { type PeerCertificate, readPeerCertificate } from './peer-certificate.ts';

/** Makes the reader of credentials; it reads the certificate once for each connection. */
export function credentialsReader(): (
  request: IncomingMessage,
  warn?: (text: string) => void,
) => Credentials {
  const bySocket = new WeakMap<object, { certificate: PeerCertificate | undefined }>();

  function certificateOf({ socket }: IncomingMessage): PeerCertificate | undefined {
    const known = bySocket.get(socket);
    if (known) return known.certificate;
    const certificate = socket instanceof TLSSocket ? readPeerCertificate(socket) : undefined;
    bySocket.set(socket, { certificate });
    return certificate;
  }

  return (request, warn) => ({
    headers: new HeaderView(request.rawHeaders),
    clientCertificate: certificateOf(request),
    forget: (configured) => {
      removeIdentityHeaders(request, configured);
    },
    ...(warn && { warn }),
  });
}
