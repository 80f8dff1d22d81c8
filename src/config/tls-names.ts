import { goQuote } from '../apimachinery/go-quote.ts';

/** What OpenSSL calls what Go calls by number or by IANA name, with everything that has no counterpart. */
const VERSIONS = new Map<string, 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'>([
  ['', 'TLSv1.2'],
  ['VersionTLS10', 'TLSv1'],
  ['VersionTLS11', 'TLSv1.1'],
  ['VersionTLS12', 'TLSv1.2'],
  ['VersionTLS13', 'TLSv1.3'],
]);

const TLS_1_3_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];

const CIPHERS = new Map([
  ...TLS_1_3_CIPHERS.map((name) => [name, name] as const),
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ECDHE-ECDSA-AES128-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
]);

/** Go still has these; the OpenSSL of Node is built without them. */
const BROKEN_CIPHERS = new Set([
  'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA',
  'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_RC4_128_SHA',
  'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_RSA_WITH_RC4_128_SHA',
]);

const CURVES = new Map([
  [23, 'P-256'],
  [24, 'P-384'],
  [25, 'P-521'],
  [29, 'X25519'],
  [4587, 'SecP256r1MLKEM768'],
  [4588, 'X25519MLKEM768'],
  [4589, 'SecP384r1MLKEM1024'],
]);

/** @throws SyntaxError with upstream's text. */
export function tlsVersion(name: string): 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' {
  const version = VERSIONS.get(name);
  if (version === undefined) throw new SyntaxError(`unknown tls version ${goQuote(name)}`);
  return version;
}

/**
 * OpenSSL's names for a list of IANA names; empty for an empty one. The suites of TLS 1.3 are always among
 * them: Go does not let them be chosen, and Node would switch TLS 1.3 off without them.
 * @throws SyntaxError with upstream's text when Go does not know a name either.
 */
export function tlsCiphers(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const chosen = names.flatMap((name) => {
    const cipher = CIPHERS.get(name);
    if (cipher === undefined && !BROKEN_CIPHERS.has(name)) {
      throw new SyntaxError(`Cipher suite ${name} not supported or doesn't exist`);
    }
    return cipher ?? [];
  });
  return [...new Set([...chosen, ...TLS_1_3_CIPHERS])];
}

/** Those of the names that Go accepts and this server cannot. */
export function unavailableCiphers(names: readonly string[]): string[] {
  return names.filter((name) => BROKEN_CIPHERS.has(name));
}

/**
 * OpenSSL's names for the numbers of the TLS registry.
 * @throws SyntaxError with upstream's text.
 */
export function tlsCurves(ids: readonly number[]): string[] {
  const curves: string[] = [];
  for (const id of ids) {
    if (id <= 0 || id > 65535) {
      throw new SyntaxError(`curve preference ${id} is out of range (must be 1-65535)`);
    }
    const curve = CURVES.get(id);
    if (curve === undefined) {
      throw new SyntaxError(`curve preference ${id} is not supported by this server`);
    }
    if (curves.includes(curve)) throw new SyntaxError(`duplicate curve preference ${id}`);
    curves.push(curve);
  }
  return curves;
}
