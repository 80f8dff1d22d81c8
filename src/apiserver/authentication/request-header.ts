import { OID } from '../../pki/object-identifiers.ts';
import { parseX509, subjectValues } from '../../pki/x509.ts';
import { percentDecode } from '../query.ts';
import { AuthenticationError, type Authenticator, type UserInfo } from './authenticator.ts';
import type { HeaderView } from './header-view.ts';
import type { PeerCertificate } from './peer-certificate.ts';
import type { PeerVerifier } from './peer-verifier.ts';
import type { RequestHeaderNames, RequestHeaderTrust } from './trust.ts';

/**
 * Believes the X-Remote-* headers, but only of the front proxy: whoever holds a client certificate of
 * the request-header authorities with an allowed common name. Anyone else's headers are not read.
 *
 * `trust` is asked at every request, because the cluster rotates the authorities while this server runs.
 * As upstream: apiserver/pkg/authentication/request/headerrequest (contract 6.5).
 */
export function requestHeaderAuthenticator(
  trust: () => RequestHeaderTrust | undefined,
  verifier: PeerVerifier,
): Authenticator {
  const commonNames = new WeakMap<PeerCertificate, string>();

  function commonNameOf(peer: PeerCertificate): string {
    const known = commonNames.get(peer);
    if (known !== undefined) return known;
    const name = subjectValues(parseX509(peer.leaf.raw), OID.commonName).at(-1) ?? '';
    commonNames.set(peer, name);
    return name;
  }

  return {
    authenticate({ headers, clientCertificate }) {
      const trusted = trust();
      if (!clientCertificate || !trusted) return undefined;
      verifier.verify(clientCertificate, trusted.ca);
      checkName(commonNameOf(clientCertificate), trusted.allowedNames);
      return userOf(headers, trusted);
    },
  };
}

/** An empty list allows every name. Only the common name counts, not the alternative names. */
function checkName(commonName: string, allowedNames: readonly string[]): void {
  if (allowedNames.length === 0 || allowedNames.includes(commonName)) return;
  throw new AuthenticationError(`x509: subject with cn=${commonName} is not in the allowed list`);
}

/** Undefined when the front proxy names nobody. */
function userOf(headers: HeaderView, names: RequestHeaderNames): UserInfo | undefined {
  const name = firstValue(headers, names.usernameHeaders);
  if (name === undefined) return undefined;
  return {
    name,
    uid: firstValue(headers, names.uidHeaders) ?? '',
    groups: names.groupHeaders
      .flatMap((header) => headers.values(header))
      .filter((group) => group !== ''),
    extra: extraOf(headers, names.extraHeaderPrefixes),
  };
}

/** Of the first header, in the order of configuration, whose first line is not empty. */
function firstValue(headers: HeaderView, names: readonly string[]): string | undefined {
  return names
    .map((name) => headers.get(name))
    .find((value) => value !== undefined && value !== '');
}

/** A header that begins with two of the prefixes counts twice, as upstream. */
function extraOf(
  headers: HeaderView,
  prefixes: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const extra = new Map<string, string[]>();
  for (const { rest, value } of prefixes.flatMap((prefix) => headers.withPrefix(prefix))) {
    const key = percentDecode(rest) ?? rest;
    const values = extra.get(key);
    if (values) values.push(value);
    else extra.set(key, [value]);
  }
  return extra;
}
