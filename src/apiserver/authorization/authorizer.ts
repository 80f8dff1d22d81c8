import type { UserInfo } from '../authentication/authenticator.ts';
import type { RequestInfo } from '../request-info.ts';

export interface Attributes {
  readonly user: UserInfo;
  readonly request: RequestInfo;
}

/** `reason` goes to the client as it is; '' when there is none. */
export type Decision =
  { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export interface Authorizer {
  /**
   * May they?
   * @throws Error when nobody could decide: 500 with its message (contract 7.3), never a refusal.
   */
  authorize(attributes: Attributes, signal?: AbortSignal): Promise<Decision>;
}
