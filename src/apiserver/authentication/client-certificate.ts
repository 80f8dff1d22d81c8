import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { CaBundle } from '../../pki/chain.ts';
import { OID } from '../../pki/object-identifiers.ts';
import { parseX509, subjectValues } from '../../pki/x509.ts';
import { AuthenticationError, type Authenticator, type UserInfo } from './authenticator.ts';
import type { PeerCertificate } from './peer-certificate.ts';
import type { PeerVerifier } from './peer-verifier.ts';

export interface ClientCertificateParts {
  /** The client authorities as they are now; undefined: none are known, so certificates are not looked at. */
  readonly clientCa: () => CaBundle | undefined;
  readonly verifier: PeerVerifier;
  readonly clock: Clock;
  /** Told the remaining life time of every presented certificate, in seconds. */
  readonly observeRemaining: (seconds: number) => void;
}

/**
 * The user that a client certificate names: common name, groups = organizations, UID attribute.
 * As upstream: apiserver/pkg/authentication/request/x509 (contract 6.7). Revocation is not checked.
 */
export function clientCertificateAuthenticator(parts: ClientCertificateParts): Authenticator {
  const { clientCa, verifier, clock, observeRemaining } = parts;
  const users = new WeakMap<PeerCertificate, { user: UserInfo | undefined }>();

  function userOf(peer: PeerCertificate): UserInfo | undefined {
    const known = users.get(peer);
    if (known) return known.user;
    const user = readUser(peer.leaf.raw);
    users.set(peer, { user });
    return user;
  }

  return {
    authenticate({ clientCertificate }) {
      const bundle = clientCa();
      if (!clientCertificate || !bundle) return undefined;
      observeRemaining((clientCertificate.leaf.validToDate.getTime() - clock.nowMs()) / 1000);
      verifier.verify(clientCertificate, bundle);
      return userOf(clientCertificate);
    },
  };
}

/** Undefined without a common name: a certificate for something else. */
function readUser(certificate: Buffer): UserInfo | undefined {
  const fields = parseX509(certificate);
  const name = subjectValues(fields, OID.commonName).at(-1) ?? '';
  if (name === '') return undefined;
  const fingerprint = createHash('sha256').update(certificate).digest('hex');
  return {
    name,
    uid: uidOf(subjectValues(fields, OID.kubernetesUid)),
    groups: subjectValues(fields, OID.organization),
    extra: new Map([['authentication.kubernetes.io/credential-id', [`X509SHA256=${fingerprint}`]]]),
  };
}

function uidOf(values: readonly string[]): string {
  const [uid, ...more] = values;
  if (uid === undefined) return '';
  if (more.length > 0) {
    throw new AuthenticationError('Cannot read the UID of a certificate: it has more than one');
  }
  if (uid === '')
    throw new AuthenticationError('Cannot read the UID of a certificate: it is empty');
  return uid;
}
