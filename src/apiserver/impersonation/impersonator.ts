import { LRUCache } from 'lru-cache';
import { StatusError, forbidden } from '../../apimachinery/status-error.ts';
import type { Clock } from '../../clock.ts';
import type { UserInfo } from '../authentication/authenticator.ts';
import type { AccessRequest, Authorizer, Decision } from '../authorization/authorizer.ts';
import { keyedDigest } from '../keyed-digest.ts';
import type { Check } from './identity-check.ts';
import type { ImpersonationInstruments } from './instruments.ts';
import { IMPERSONATION_MODES, type ImpersonationMode } from './modes.ts';

/** Requestors whose mode is remembered. */
const MAX_REMEMBERED = 10_000;

export interface ImpersonatorParts {
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly instruments: ImpersonationInstruments;
}

/**
 * Decides who may act as whom (contract 7.4). What kube-apiserver has decided is remembered by the
 * authorizer, as for every other question; here it is only remembered which mode a requestor used last.
 */
export class Impersonator {
  readonly #parts: ImpersonatorParts;
  /** Names may be long. */
  readonly #keyOf = keyedDigest();
  readonly #lastMode = new LRUCache<string, ImpersonationMode>({ max: MAX_REMEMBERED });

  constructor(parts: ImpersonatorParts) {
    this.#parts = parts;
  }

  /**
   * The identity under which `request` goes on.
   * @param signal ends it when nobody waits for the answer any more
   * @throws StatusError 403 with the refusal of the mode that was tried first. That is the one that the
   * requestor used last, so that the words of a refusal depend on what was allowed before, as upstream.
   */
  async impersonate(
    requestor: UserInfo,
    wanted: UserInfo,
    request: AccessRequest,
    signal?: AbortSignal,
  ): Promise<UserInfo> {
    const { clock, instruments } = this.#parts;
    const startMs = clock.monotonicMs();
    const elapsedSeconds = (): number => (clock.monotonicMs() - startMs) / 1000;
    const key = this.#keyOf(requestor.name);
    const check = this.#checkWith(signal);
    let refusal: StatusError | undefined;
    for (const mode of inOrder(this.#lastMode.get(key))) {
      try {
        const user = await mode.impersonate({ requestor, wanted, request, check });
        if (!user) continue;
        this.#lastMode.set(key, mode);
        instruments.attempted(mode.name, 'allowed', elapsedSeconds());
        return user;
      } catch (err) {
        if (!(err instanceof StatusError)) throw err;
        refusal ??= err;
      }
    }
    instruments.attempted('', 'denied', elapsedSeconds());
    // The last mode is for everybody: one refusal there is.
    throw refusal ?? new Error('Cannot impersonate: no mode was tried');
  }

  #checkWith(signal: AbortSignal | undefined): Check {
    const { authorizer, clock, instruments } = this.#parts;
    return async (requestor, request) => {
      const startMs = clock.monotonicMs();
      const decision = await decided(authorizer, requestor, request, signal);
      const seconds = (clock.monotonicMs() - startMs) / 1000;
      instruments.checked(request.verb, decision.allowed ? 'allowed' : 'denied', seconds);
      if (!decision.allowed) throw forbidden(requestor.name, request, decision.reason);
    };
  }
}

function inOrder(last: ImpersonationMode | undefined): readonly ImpersonationMode[] {
  if (!last) return IMPERSONATION_MODES;
  return [last, ...IMPERSONATION_MODES.filter((mode) => mode !== last)];
}

/** What nobody could decide is a refusal here, with the reason, unlike for the request itself. */
async function decided(
  authorizer: Authorizer,
  user: UserInfo,
  request: AccessRequest,
  signal: AbortSignal | undefined,
): Promise<Decision> {
  signal?.throwIfAborted();
  try {
    return await authorizer.authorize({ user, request }, signal);
  } catch (err) {
    signal?.throwIfAborted();
    return { allowed: false, reason: Error.isError(err) ? err.message : String(err) };
  }
}
