import {
  type KeyObject,
  createHash,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import type { Clock } from '../clock.ts';
import {
  type CertificateAndKey,
  type CertificateAuthority,
  createCertificateAuthority,
} from '../pki/certificate.ts';
import { textAt, valueAt } from './kube-object.ts';
import { type UserInfo, serviceAccountGroups, serviceAccountName, userInfo } from './user-info.ts';

/** Of service account tokens, and the audience of this kube-apiserver. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local';
/** Checked tokens remembered, so that a thousand kubelets do not check one signature a thousand times a second. */
const REMEMBERED_TOKENS = 256;

export interface ServiceAccountIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What a token is worth: a user, or nothing, with an error when it was one of ours. */
export type TokenVerdict =
  { readonly user: UserInfo } | { readonly user: undefined; readonly error: string };

/**
 * The authorities and secrets of the simulated cluster: what kubeadm makes in `pki/`. Made anew for each
 * cluster, so nothing of it is worth stealing.
 */
export class Identities {
  /** Signs users: the client CA. */
  readonly clientCa: CertificateAuthority;
  /** Signs the front proxy and nothing else: the request-header CA. */
  readonly frontProxyCa: CertificateAuthority;
  /** Signs the serving certificate of the kube-apiserver. */
  readonly servingCa: CertificateAuthority;
  /** Signs the serving certificates of the kubelets. */
  readonly kubeletCa: CertificateAuthority;
  /** The aggregator as a client of aggregated API servers. */
  readonly frontProxy: CertificateAndKey;

  private readonly clock: Clock;
  private readonly tokenKey: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  private readonly staticTokens = new Map<string, UserInfo>();
  private readonly checkedTokens = new Map<string, TokenClaims>();

  constructor(clock: Clock) {
    this.clock = clock;
    const authority = (commonName: string) =>
      createCertificateAuthority({ commonName, nowMs: clock.nowMs() });
    this.clientCa = authority('kubernetes');
    this.frontProxyCa = authority('front-proxy-ca');
    this.servingCa = authority('kube-apiserver-ca');
    this.kubeletCa = authority('kubelet-ca');
    this.frontProxy = this.frontProxyCa.issue({
      commonName: 'front-proxy-client',
      usages: ['clientAuth'],
    });
    this.tokenKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }

  /** A certificate that makes its holder `name`, a member of `groups`. */
  clientCertificate(name: string, groups: readonly string[] = []): CertificateAndKey {
    return this.clientCa.issue({ commonName: name, organizations: groups, usages: ['clientAuth'] });
  }

  /** Makes a bearer token known, for users that have no certificate. */
  addToken(token: string, user: UserInfo): void {
    this.staticTokens.set(token, user);
  }

  /** A signed token of a service account (RFC 7519, ES256), as the TokenRequest API gives out. */
  serviceAccountToken(account: ServiceAccountIdentity, lifetimeSeconds: number): string {
    const nowSeconds = Math.floor(this.clock.nowMs() / 1000);
    const { namespace, name, uid } = account;
    const payload = {
      aud: [ISSUER],
      exp: nowSeconds + lifetimeSeconds,
      iat: nowSeconds,
      iss: ISSUER,
      jti: randomUUID(),
      'kubernetes.io': { namespace, serviceaccount: { name, uid } },
      nbf: nowSeconds,
      sub: serviceAccountName(namespace, name),
    };
    const signed = `${base64url({ alg: 'ES256', typ: 'JWT' })}.${base64url(payload)}`;
    const signature = sign('sha256', Buffer.from(signed), {
      key: this.tokenKey.privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `${signed}.${signature.toString('base64url')}`;
  }

  /** `uidOf` tells the uid of a service account that exists now: tokens of deleted ones are worth nothing. */
  judgeToken(
    token: string,
    uidOf: (namespace: string, name: string) => string | undefined,
  ): TokenVerdict {
    const known = this.staticTokens.get(token);
    if (known) return { user: known };
    const claims = this.claimsOf(token);
    if (!claims) return { user: undefined, error: '' };
    const { namespace, name, uid, expiresAtMs, id } = claims;
    if (expiresAtMs <= this.clock.nowMs()) {
      return {
        user: undefined,
        error: '[invalid bearer token, service account token has expired]',
      };
    }
    if (uidOf(namespace, name) !== uid) {
      return {
        user: undefined,
        error: `[invalid bearer token, serviceaccounts "${name}" not found]`,
      };
    }
    const extra = new Map([['authentication.kubernetes.io/credential-id', [`JTI=${id}`]]]);
    const groups = serviceAccountGroups(namespace);
    return { user: userInfo(serviceAccountName(namespace, name), groups, { uid, extra }) };
  }

  private claimsOf(token: string): TokenClaims | undefined {
    const digest = createHash('sha256').update(token).digest('base64');
    const remembered = this.checkedTokens.get(digest);
    if (remembered) return remembered;
    const claims = this.checkedClaims(token);
    if (!claims) return undefined;
    if (this.checkedTokens.size >= REMEMBERED_TOKENS) this.checkedTokens.clear();
    this.checkedTokens.set(digest, claims);
    return claims;
  }

  private checkedClaims(token: string): TokenClaims | undefined {
    const [header, payload, signature, ...rest] = token.split('.');
    if (header === undefined || payload === undefined || signature === undefined) return undefined;
    if (rest.length > 0) return undefined;
    const isOurs = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key: this.tokenKey.publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    if (!isOurs) return undefined;
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const bound = valueAt(claims, 'kubernetes.io');
    return {
      namespace: textAt(bound, 'namespace'),
      name: textAt(bound, 'serviceaccount', 'name'),
      uid: textAt(bound, 'serviceaccount', 'uid'),
      expiresAtMs: Number(textAt(claims, 'exp')) * 1000,
      id: textAt(claims, 'jti'),
    };
  }
}

interface TokenClaims extends ServiceAccountIdentity {
  readonly expiresAtMs: number;
  readonly id: string;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
