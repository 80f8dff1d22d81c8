import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { textAt, textsAt, valueAt } from './kube-object.ts';
import {
  type KubeletAttributes,
  type KubeletCredentials,
  type KubeletDecision,
  UNAUTHORIZED_TEXT,
  kubeletForbiddenText,
  kubeletUndecidedText,
} from './kubelet.ts';
import type { RemoteApi } from './remote-api.ts';
import { type UserInfo, authenticated, userInfo } from './user-info.ts';

const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
/** Verdicts remembered; when there are more, all are asked for anew. */
const REMEMBERED = 1024;
/** That somebody may not is not remembered for longer (cacheUnauthorizedTTL of a kubelet). */
const LONGEST_DENIAL_MS = 30_000;

export interface RemoteAccessOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly rememberMs: number;
}

/**
 * Kubelets that delegate to a real kube-apiserver: TokenReview says whose a token is, SubjectAccessReview what
 * they may. Verdicts are remembered for `rememberMs`; what nobody could say is not, and a kubelet refuses for it.
 */
export class RemoteAccess {
  private readonly api: RemoteApi;
  private readonly clock: Clock;
  /** For verdicts from now on. */
  rememberMs: number;
  private readonly known = new Map<string, { answer: Promise<unknown>; untilMs: number }>();

  private readonly log: Logger;

  constructor(api: RemoteApi, { clock, log, rememberMs }: RemoteAccessOptions) {
    this.api = api;
    this.clock = clock;
    this.log = log;
    this.rememberMs = rememberMs;
  }

  /** As a kubelet that has just begun. */
  forget(): void {
    this.known.clear();
  }

  async decide(
    { certificate, token }: KubeletCredentials,
    attributes: KubeletAttributes,
  ): Promise<KubeletDecision> {
    const user = certificate.user ?? (await this.userOfToken(token));
    if (!user) return { status: 401, message: UNAUTHORIZED_TEXT };
    for (const subresource of attributes.subresources) {
      const verdict = await this.reviewAccess(authenticated(user), attributes, subresource);
      if (verdict === 'unknown') {
        return { status: 500, message: kubeletUndecidedText(user.name, attributes, subresource) };
      }
      if (verdict === 'allowed') return { status: 200, message: '' };
    }
    return { status: 403, message: kubeletForbiddenText(user.name, attributes) };
  }

  private async userOfToken(token: string | undefined): Promise<UserInfo | undefined> {
    if (token === undefined) return undefined;
    const review = await this.reviewToken(token);
    if (valueAt(review, 'status', 'authenticated') !== true) return undefined;
    const user = valueAt(review, 'status', 'user');
    const extra = Object.entries(valueAt(user, 'extra') ?? {});
    return userInfo(textAt(user, 'username'), textsAt(user, 'groups'), {
      uid: textAt(user, 'uid'),
      extra: new Map(extra.map(([name, values]) => [name, values as readonly string[]])),
    });
  }

  /** Undefined when there was no answer: for a kubelet, too, a token that nobody vouches for is a wrong one. */
  private async reviewToken(token: string): Promise<unknown> {
    try {
      return await this.ask(TOKEN_REVIEWS, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token },
      });
    } catch (error) {
      this.log.warn({ err: error }, 'A token could not be reviewed');
      return undefined;
    }
  }

  private async reviewAccess(
    user: UserInfo,
    { verb, resource, name }: KubeletAttributes,
    subresource: string,
  ): Promise<'allowed' | 'denied' | 'unknown'> {
    const question = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: user.name,
        uid: user.uid,
        groups: user.groups,
        extra: Object.fromEntries(user.extra),
        resourceAttributes: { verb, group: '', version: 'v1', resource, subresource, name },
      },
    };
    try {
      const review = await this.ask(ACCESS_REVIEWS, question);
      return valueAt(review, 'status', 'allowed') === true ? 'allowed' : 'denied';
    } catch (error) {
      this.log.warn({ err: error }, 'An access could not be reviewed');
      return 'unknown';
    }
  }

  /** A failure is not remembered. */
  private async ask(path: string, question: object): Promise<unknown> {
    const key = JSON.stringify(question);
    const nowMs = this.clock.monotonicMs();
    const remembered = this.known.get(key);
    if (remembered && remembered.untilMs > nowMs) return remembered.answer;
    if (this.known.size >= REMEMBERED) this.known.clear();
    const answer = this.api.post(path, question);
    const entry = { answer, untilMs: nowMs + this.rememberMs };
    this.known.set(key, entry);
    try {
      const review = await answer;
      // A token that could not be judged.
      if (textAt(review, 'status', 'error') !== '') this.known.delete(key);
      if (valueAt(review, 'status', 'allowed') === false) {
        entry.untilMs = Math.min(entry.untilMs, nowMs + LONGEST_DENIAL_MS);
      }
      return review;
    } catch (error) {
      this.known.delete(key);
      throw error;
    }
  }
}
