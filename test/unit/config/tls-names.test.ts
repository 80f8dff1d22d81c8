import { createSecureContext, getCiphers } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import {
  tlsCiphers,
  tlsCurves,
  tlsVersion,
  unavailableCiphers,
} from '../../../src/config/tls-names.ts';

/** Go 1.26: crypto/tls.CipherSuites and InsecureCipherSuites, and upstream's two legacy names. */
const GO_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  ...['ECDSA', 'RSA'].flatMap((key) =>
    [
      'AES_128_CBC_SHA',
      'AES_128_CBC_SHA256',
      'AES_128_GCM_SHA256',
      'AES_256_CBC_SHA',
      'AES_256_GCM_SHA384',
      'CHACHA20_POLY1305',
      'CHACHA20_POLY1305_SHA256',
      'RC4_128_SHA',
    ].map((suite) => `TLS_ECDHE_${key}_WITH_${suite}`),
  ),
  'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
  ...[
    '3DES_EDE_CBC_SHA',
    'AES_128_CBC_SHA',
    'AES_128_CBC_SHA256',
    'AES_128_GCM_SHA256',
    'AES_256_CBC_SHA',
    'AES_256_GCM_SHA384',
    'RC4_128_SHA',
  ].map((suite) => `TLS_RSA_WITH_${suite}`),
];

describe('tlsCiphers', () => {
  test.each(GO_CIPHERS)(
    'knows %s, and so does OpenSSL unless it is known to be missing',
    (name) => {
      const known = new Set(getCiphers());
      const missing = unavailableCiphers([name]);

      for (const cipher of tlsCiphers([name])) expect(known).toContain(cipher.toLowerCase());
      expect(missing).toEqual(/RC4|3DES/.test(name) ? [name] : []);
    },
  );

  test('leaves TLS 1.3 on, each suite once', () => {
    expect(tlsCiphers(['TLS_AES_256_GCM_SHA384', 'TLS_RSA_WITH_AES_128_CBC_SHA'])).toEqual([
      'TLS_AES_256_GCM_SHA384',
      'AES128-SHA',
      'TLS_AES_128_GCM_SHA256',
      'TLS_CHACHA20_POLY1305_SHA256',
    ]);
  });

  test("means OpenSSL's own list when none is named", () => {
    expect(tlsCiphers([])).toEqual([]);
  });

  test('refuses what Go does not know', () => {
    expect(() => tlsCiphers(['AES128-SHA'])).toThrow(
      new SyntaxError("Cipher suite AES128-SHA not supported or doesn't exist"),
    );
  });
});

describe('tlsCurves', () => {
  test('gives names that OpenSSL accepts', () => {
    const curves = tlsCurves([23, 24, 25, 29, 4587, 4588, 4589]);

    expect(curves).toHaveLength(7);
    expect(() => createSecureContext({ ecdhCurve: curves.join(':') })).not.toThrow();
  });

  test.each([
    [[0], 'curve preference 0 is out of range (must be 1-65535)'],
    [[65536], 'curve preference 65536 is out of range (must be 1-65535)'],
    [[30], 'curve preference 30 is not supported by this server'],
    [[23, 23], 'duplicate curve preference 23'],
  ])('refuses %j', (ids, message) => {
    expect(() => tlsCurves(ids)).toThrow(new SyntaxError(message));
  });
});

describe('tlsVersion', () => {
  test.each([
    ['', 'TLSv1.2'],
    ['VersionTLS10', 'TLSv1'],
    ['VersionTLS11', 'TLSv1.1'],
    ['VersionTLS12', 'TLSv1.2'],
    ['VersionTLS13', 'TLSv1.3'],
  ])('reads %j', (name, version) => {
    expect(tlsVersion(name)).toBe(version);
  });

  test('refuses another', () => {
    expect(() => tlsVersion('TLSv1.2')).toThrow(new SyntaxError('unknown tls version "TLSv1.2"'));
  });
});
