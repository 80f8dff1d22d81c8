import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CertificateAndKey, createCertificateAuthority } from '../../src/pki/certificate.ts';
import type { Cluster } from '../../src/simulator/cluster.ts';

/** How an identity proves itself: a client certificate, headers, both or neither. */
export interface Identity {
  readonly certificate: CertificateAndKey | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The certificates that identities show, by the names of their files. */
const CERTIFICATES = [
  'admin',
  'viewer',
  'nobody',
  'impersonator',
  'team-a-user',
  'expired',
  'front-proxy',
  'front-proxy-wrong-ca',
  'front-proxy-wrong-cn',
] as const;
/** The tokens of service accounts that identities show. */
const TOKENS = ['sa-team-a-reader', 'sa-default-default'] as const;

type CertificateName = (typeof CERTIFICATES)[number];
type TokenName = (typeof TOKENS)[number];

/** Everything that is secret about the identities. */
export interface Secrets {
  readonly certificates: ReadonlyMap<CertificateName, CertificateAndKey>;
  readonly tokens: ReadonlyMap<TokenName, string>;
}

interface Recipe {
  readonly certificate?: CertificateName;
  readonly token?: TokenName;
  readonly headers?: Identity['headers'];
}

const USER = 'X-Remote-User';
const GROUP = 'X-Remote-Group';
const MASTERS_CLAIMED: Identity['headers'] = [
  [USER, 'viewer'],
  [GROUP, 'system:masters'],
];

/** Who asks: the `as` list of exchanges/README.md. */
const RECIPES: ReadonlyMap<string, Recipe> = new Map<string, Recipe>([
  ['admin', { certificate: 'admin' }],
  ['viewer', { certificate: 'viewer' }],
  ['nobody', { certificate: 'nobody' }],
  ['impersonator', { certificate: 'impersonator' }],
  ['team-a-user', { certificate: 'team-a-user' }],
  ['expired certificate', { certificate: 'expired' }],
  ['anonymous', {}],
  ['bad token', { headers: [['Authorization', 'Bearer not-a-token']] }],
  ['bearer empty', { headers: [['Authorization', 'Bearer ']] }],
  ['basic', { headers: [['Authorization', `Basic ${btoa('viewer:viewer')}`]] }],
  ['sa token', { token: 'sa-team-a-reader' }],
  ['sa token x', { token: 'sa-default-default' }],
  ['proxy viewer', throughProxy('viewer')],
  ['proxy viewers group', throughProxy('someone', 'viewers', 'system:authenticated')],
  ['proxy nobody', throughProxy('nobody', 'system:authenticated')],
  ['proxy no user', { certificate: 'front-proxy' }],
  ['proxy masters', throughProxy('root', 'system:masters')],
  ['proxy impersonator', throughProxy('impersonator')],
  ['proxy wrong ca', { ...throughProxy('viewer'), certificate: 'front-proxy-wrong-ca' }],
  ['proxy wrong cn', { ...throughProxy('viewer'), certificate: 'front-proxy-wrong-cn' }],
  ['headers without certificate', { headers: MASTERS_CLAIMED }],
  ['headers with client certificate', { headers: MASTERS_CLAIMED, certificate: 'nobody' }],
  [
    'proxy and token',
    { ...throughProxy('nobody', 'system:authenticated'), token: 'sa-team-a-reader' },
  ],
  [
    'two users',
    {
      certificate: 'front-proxy',
      headers: [
        [USER, 'viewer'],
        [USER, 'nobody'],
      ],
    },
  ],
]);

function throughProxy(user: string, ...groups: readonly string[]): Recipe {
  const headers = [[USER, user] as const, ...groups.map((group) => [GROUP, group] as const)];
  return { certificate: 'front-proxy', headers };
}

/** Whether there is such an identity. */
export function isIdentity(name: string): boolean {
  return RECIPES.has(name);
}

/** @throws RangeError when there is no such identity. */
export function identityOf(name: string, secrets: Secrets): Identity {
  const recipe = RECIPES.get(name);
  if (!recipe) throw new RangeError(`there is no identity "${name}"`);
  const { certificate, token, headers = [] } = recipe;
  const bearer = token === undefined ? [] : [`Bearer ${secrets.tokens.get(token) ?? ''}`];
  return {
    certificate: certificate && secrets.certificates.get(certificate),
    headers: [...headers, ...bearer.map((value) => ['Authorization', value] as const)],
  };
}

const DAY_MS = 86_400_000;

/** Makes them for a simulated cluster that holds the recorded world. */
export function makeSecrets(cluster: Cluster, nowMs: number): Secrets {
  const { identities } = cluster;
  const front = { commonName: 'front-proxy-client', usages: ['clientAuth'] } as const;
  // Of the same name as the right one: only the key tells them apart.
  const wrongCa = createCertificateAuthority({ commonName: 'front-proxy-ca', nowMs });
  return {
    certificates: new Map<CertificateName, CertificateAndKey>([
      ['admin', identities.clientCertificate('admin', ['system:masters'])],
      ['viewer', identities.clientCertificate('viewer')],
      ['nobody', identities.clientCertificate('nobody')],
      ['impersonator', identities.clientCertificate('impersonator')],
      ['team-a-user', identities.clientCertificate('team-a-user')],
      [
        'expired',
        identities.clientCa.issue({
          commonName: 'viewer',
          usages: ['clientAuth'],
          notBeforeMs: nowMs - 2 * DAY_MS,
          notAfterMs: nowMs - DAY_MS,
        }),
      ],
      ['front-proxy', identities.frontProxy],
      ['front-proxy-wrong-ca', wrongCa.issue(front)],
      [
        'front-proxy-wrong-cn',
        identities.frontProxyCa.issue({ ...front, commonName: 'other-client' }),
      ],
    ]),
    tokens: new Map<TokenName, string>([
      ['sa-team-a-reader', cluster.serviceAccountToken('team-a', 'reader')],
      ['sa-default-default', cluster.serviceAccountToken('default', 'default')],
    ]),
  };
}

/** For whoever runs it, and nobody else. */
const SECRET = { mode: 0o600 };

/** Writes `NAME.crt` and `NAME.key` of each certificate, and `NAME.token` of each token. */
export async function writeSecrets(folder: string, secrets: Secrets): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, { certPem, keyPem }] of secrets.certificates) {
    await writeFile(join(folder, `${name}.crt`), certPem);
    await writeFile(join(folder, `${name}.key`), keyPem, SECRET);
  }
  for (const [name, token] of secrets.tokens) {
    await writeFile(join(folder, `${name}.token`), token, SECRET);
  }
}

/** Reads what writeSecrets wrote, or somebody else in the same layout. Rejects as node:fs does. */
export async function readSecrets(folder: string): Promise<Secrets> {
  const read = (file: string) => readFile(join(folder, file), 'utf8');
  const certificates = new Map<CertificateName, CertificateAndKey>();
  for (const name of CERTIFICATES) {
    const [certPem, keyPem] = await Promise.all([read(`${name}.crt`), read(`${name}.key`)]);
    certificates.set(name, { certPem, keyPem });
  }
  const tokens = new Map<TokenName, string>();
  for (const name of TOKENS) tokens.set(name, (await read(`${name}.token`)).trim());
  return { certificates, tokens };
}
