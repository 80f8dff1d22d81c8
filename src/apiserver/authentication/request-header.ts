import { OID } from '../../pki/object-identifiers.ts';
import { parseX509, subjectValues } from '../../pki/x509.ts';
import { percentDecode } from '../query.ts';
import { AuthenticationError, type Authenticator, type Credentials } from './authenticator.ts';
import type { HeaderView } from './header-view.ts';
import type { PeerVerifier } from './peer-verifier.ts';
import type { RequestHeaderTrust } from './trust.ts';

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
  return {
    authenticate(credentials) {
      return Promise.try(() => frontProxyUser(credentials, trust(), verifier));
    },
  };
}

function frontProxyUser(
  { headers, clientCertificate }: Credentials,
  trust: RequestHeaderTrust | undefined,
  verifier: PeerVerifier,
) {
  if (!clientCertificate || !trust) return undefined;
  verifier.verify(clientCertificate, trust.ca);
  checkName(clientCertificate.leaf.raw, trust.allowedNames);
  const name = firstValue(headers, trust.usernameHeaders);
  if (name === undefined) return undefined;
  return {
    name,
    uid: firstValue(headers, trust.uidHeaders) ?? '',
    groups: trust.groupHeaders
      .flatMap((header) => headers.values(header))
      .filter((group) => group !== ''),
    extra: extraOf(headers, trust.extraHeaderPrefixes),
  };
}

/** An empty list allows every name. Only the common name counts, not the alternative names. */
function checkName(certificate: Buffer, allowedNames: readonly string[]): void {
  if (allowedNames.length === 0) return;
  const commonName = subjectValues(parseX509(certificate), OID.commonName).at(-1) ?? '';
  if (allowedNames.includes(commonName)) return;
  throw new AuthenticationError(`x509: subject with cn=${commonName} is not in the allowed list`);
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
