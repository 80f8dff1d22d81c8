import { X509Certificate } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { createCertificateAuthority, generateRsaKeys } from '../pki/certificate.ts';
import { makeKeyFolder } from '../pki/key-folder.ts';
import {
  type CertificateSource,
  ReloadedCertificate,
  type ServingPair,
  readPair,
} from './certificate-source.ts';
import { fileErrorText } from './file-error.ts';

const VALID_DAYS = 365;
/** Ours to decide: upstream serves an expired certificate until somebody deletes it. */
const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;
const ISSUER_PREFIX = 'localhost-ca@';

export interface SelfSignedSettings {
  readonly certDir: string;
  readonly bindAddress: string;
}

/**
 * The pair `apiserver.crt` and `apiserver.key` in the folder: reused when it is there, made when it is
 * not (contract 12.4). One that was made here is replaced when it has less than 30 days to live. Where
 * the folder cannot be written the pair lives in memory only, with a warning.
 */
export async function openSelfSignedCertificate(
  settings: SelfSignedSettings,
  clock: Clock,
  log: Logger,
): Promise<CertificateSource> {
  const certFile = join(settings.certDir, 'apiserver.crt');
  const keyFile = join(settings.certDir, 'apiserver.key');
  let inMemory: ServingPair | undefined;

  async function read(): Promise<ServingPair> {
    const known = inMemory ?? (await readKept(certFile, keyFile, log));
    if (known && !isDue(known, clock.nowMs())) return known;
    const pair = await makePair(settings.bindAddress, clock.nowMs());
    try {
      await makeKeyFolder(settings.certDir);
      await replaceFile(keyFile, pair.key, 0o600);
      await replaceFile(certFile, pair.cert, 0o644);
      log.info({ certFile, keyFile }, 'Generated self-signed serving certificate');
    } catch (err) {
      inMemory = pair;
      log.warn(
        { reason: fileErrorText(err), remedy: 'Point --cert-dir to a writable folder' },
        'Kept the self-signed serving certificate in memory',
      );
    }
    return pair;
  }

  return new ReloadedCertificate({ first: await read(), read, paths: [certFile, keyFile], log });
}

/** Undefined when there is none, or none that can be served: another one takes its place. */
async function readKept(
  certFile: string,
  keyFile: string,
  log: Logger,
): Promise<ServingPair | undefined> {
  try {
    return await readPair(certFile, keyFile);
  } catch (err) {
    log.info({ certFile, keyFile, reason: String(err) }, 'Found no serving certificate to reuse');
    return undefined;
  }
}

/** Only of our own making: a certificate that somebody else put there is his to renew. */
function isDue({ cert }: ServingPair, nowMs: number): boolean {
  const leaf = new X509Certificate(cert);
  const isOurs = leaf.issuer.includes(`CN=${ISSUER_PREFIX}`);
  return isOurs && leaf.validToDate.getTime() - nowMs < RENEW_BEFORE_MS;
}

/** As upstream: client-go/util/cert GenerateSelfSignedCertKey; the authority's key is thrown away. */
async function makePair(bindAddress: string, nowMs: number): Promise<ServingPair> {
  const [ofAuthority, ofLeaf] = await Promise.all([generateRsaKeys(), generateRsaKeys()]);
  const seconds = Math.floor(nowMs / 1000);
  const isUnspecified = isIP(bindAddress) === 0 || isUnspecifiedAddress(bindAddress);
  const authority = createCertificateAuthority({
    commonName: `${ISSUER_PREFIX}${seconds}`,
    nowMs,
    days: VALID_DAYS,
    key: ofAuthority,
  });
  const { certPem, keyPem } = authority.issue({
    commonName: `localhost@${seconds}`,
    dnsNames: isUnspecified ? ['localhost', 'localhost'] : ['localhost'],
    ipAddresses: isUnspecified ? ['127.0.0.1'] : ['127.0.0.1', bindAddress],
    usages: ['serverAuth'],
    key: ofLeaf,
  });
  return { cert: certPem + authority.certPem, key: keyPem };
}

/** `0.0.0.0` and `::` in any of its forms: every address of the machine. */
export function isUnspecifiedAddress(address: string): boolean {
  return address === '' || /^[0:.]+$/.test(address);
}

/** A reader sees the old file or the new one, never half of it. */
async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, content, { mode });
  await rename(draft, path);
}
