import type { UserInfo } from '../authentication/authenticator.ts';
import type { RequestInfo } from '../request-info.ts';

/** What is to be done: a request, or a question that stands in none (apiserver/impersonation). */
export type AccessRequest = Omit<RequestInfo, 'parts' | 'query'>;

export interface Attributes {
  readonly user: UserInfo;
  readonly request: AccessRequest;
}

/** `reason` goes to the client as it is; '' when there is none. */
export type Decision =
  { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export interface Authorizer {
  /**
   * May they? A promise only where kube-apiserver has to be asked.
   * @throws Error when nobody could decide, or rejects with it: 500 with its message (contract 7.3), never a refusal.
   */
  authorize(attributes: Attributes, signal?: AbortSignal): Decision | Promise<Decision>;
}
