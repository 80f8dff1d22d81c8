import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { unauthorized } from '../apimachinery/status-error.ts';
import { OID } from '../pki/object-identifiers.ts';
import { parseX509, subjectValues } from '../pki/x509.ts';
import type { TokenVerdict } from './identities.ts';
import { ANONYMOUS, type UserInfo, authenticated, userInfo } from './user-info.ts';

/** A header's values, one per line sent, read as the UTF-8 that Go's side means. `name` in lower case. */
export function headerValues(request: IncomingMessage, name: string): readonly string[] {
  const values = request.headersDistinct[name] ?? [];
  return values.map((value) => Buffer.from(value, 'latin1').toString('utf8'));
}

/**
 * Who asks: by client certificate, then by bearer token, else nobody in particular.
 * @throws StatusError 401 for credentials that are wrong; they never fall back to anonymous.
 */
export function authenticate(
  request: IncomingMessage,
  judgeToken: (token: string) => TokenVerdict,
): UserInfo {
  const certificate = certificateUser(request);
  if (certificate.user) return authenticated(certificate.user);
  const [authorization = ''] = headerValues(request, 'authorization');
  const [, token = ''] = /^bearer +(\S+)/i.exec(authorization.trim()) ?? [];
  if (token !== '') {
    const { user } = judgeToken(token);
    if (user) return authenticated(user);
    throw unauthorized();
  }
  if (certificate.wasRefused) throw unauthorized();
  return ANONYMOUS;
}

/** `wasRefused`: a certificate was shown, and none of our authorities signed it. */
export interface CertificateVerdict {
  readonly user: UserInfo | undefined;
  readonly wasRefused: boolean;
}

/** The handshake has verified the chain (one CA, so its verdict is enough); a connection keeps its identity. */
const VERDICTS = new WeakMap<TLSSocket, CertificateVerdict>();

export function certificateUser({ socket }: IncomingMessage): CertificateVerdict {
  if (!(socket instanceof TLSSocket)) return { user: undefined, wasRefused: false };
  const known = VERDICTS.get(socket);
  if (known) return known;
  const verdict = judgeCertificate(socket);
  VERDICTS.set(socket, verdict);
  return verdict;
}

function judgeCertificate(socket: TLSSocket): CertificateVerdict {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return { user: undefined, wasRefused: false };
  if (!socket.authorized) return { user: undefined, wasRefused: true };
  const fields = parseX509(certificate.raw);
  const [name = ''] = subjectValues(fields, OID.commonName);
  if (name === '') return { user: undefined, wasRefused: false };
  const digest = createHash('sha256').update(certificate.raw).digest('hex');
  const user = userInfo(name, subjectValues(fields, OID.organization), {
    extra: new Map([['authentication.kubernetes.io/credential-id', [`X509SHA256=${digest}`]]]),
  });
  return { user, wasRefused: false };
}
