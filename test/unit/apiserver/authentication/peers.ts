import { X509Certificate } from 'node:crypto';
import type { Clock } from '../../../../src/clock.ts';
import type { Credentials } from '../../../../src/apiserver/authentication/authenticator.ts';
import { HeaderView } from '../../../../src/apiserver/authentication/header-view.ts';
import type { PeerCertificate } from '../../../../src/apiserver/authentication/peer-certificate.ts';
import type { RequestHeaderTrust } from '../../../../src/apiserver/authentication/trust.ts';
import {
  type CertificateAuthority,
  type LeafRequest,
  createCertificateAuthority,
} from '../../../../src/pki/certificate.ts';
import { CaBundle } from '../../../../src/pki/chain.ts';

export const NOW_MS = Date.UTC(2026, 10, 21, 4, 0, 0);

/** The cluster's authorities, and one that nobody trusts. */
export const frontProxyCa = createCertificateAuthority({
  commonName: 'front-proxy',
  nowMs: NOW_MS,
});
export const clientCa = createCertificateAuthority({ commonName: 'kubernetes', nowMs: NOW_MS });
export const strangerCa = createCertificateAuthority({ commonName: 'front-proxy', nowMs: NOW_MS });

/** A clock that stands still until it is told. */
export function handClock(): Clock & { advance(ms: number): void } {
  let elapsedMs = 0;
  return {
    nowMs: () => NOW_MS + elapsedMs,
    monotonicMs: () => elapsedMs,
    advance(ms) {
      elapsedMs += ms;
    },
  };
}

export function peer(authority: CertificateAuthority, leaf: Partial<LeafRequest>): PeerCertificate {
  const { certPem } = authority.issue({
    commonName: 'front-proxy-client',
    usages: ['clientAuth'],
    ...leaf,
  });
  return { leaf: new X509Certificate(certPem), intermediates: [] };
}

/** As node:http would give them: name, value, name, value; one character a byte. */
function rawHeaders(lines: readonly (readonly [string, string])[]): string[] {
  return lines.flatMap(([name, value]) => [name, Buffer.from(value, 'utf8').toString('latin1')]);
}

export function credentials(
  lines: readonly (readonly [string, string])[] = [],
  clientCertificate?: PeerCertificate,
): Credentials & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return {
    headers: new HeaderView(rawHeaders(lines)),
    clientCertificate,
    warn: (text) => warnings.push(text),
    warnings,
  };
}

export function requestHeaderTrust(changes: Partial<RequestHeaderTrust> = {}): RequestHeaderTrust {
  return {
    ca: CaBundle.parse(frontProxyCa.certPem),
    allowedNames: ['front-proxy-client'],
    usernameHeaders: ['X-Remote-User'],
    uidHeaders: ['X-Remote-Uid'],
    groupHeaders: ['X-Remote-Group'],
    extraHeaderPrefixes: ['X-Remote-Extra-'],
    ...changes,
  };
}
