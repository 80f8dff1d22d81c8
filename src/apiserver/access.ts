import { goQuote } from '../apimachinery/go-quote.ts';
import { StatusError, forbidden, unauthorized } from '../apimachinery/status-error.ts';
import { NO_SNIFF } from './answer.ts';
import type { AppParts } from './app-parts.ts';
import type { Authenticator } from './authentication/authenticator.ts';
import { credentialsReader } from './authentication/credentials.ts';
import { hasHeader, removeHeaders } from './authentication/identity-headers.ts';
import type { Decision } from './authorization/authorizer.ts';
import { errorAnswer } from './dispatch.ts';
import { type AppStage, isOver, whenOver, write } from './exchange.ts';
import { internalError } from './fixed-answers.ts';
import { Impersonator } from './impersonation/impersonator.ts';
import { impersonationInstruments } from './impersonation/instruments.ts';
import { isImpersonationHeader, wantedUser } from './impersonation/wanted-user.ts';
import { whenKnown } from './stages.ts';

/** Finds out who asks; nobody may pass unknown. */
export function authenticate(authenticator: Authenticator): AppStage {
  const credentialsOf = credentialsReader();
  return (request, response, next) => {
    const credentials = credentialsOf(request, (warning) => {
      response.appendHeader('Warning', `299 - ${goQuote(warning)}`);
    });
    return whenKnown(authenticator.authenticate(credentials), (user) => {
      if (isOver(response)) return;
      if (!user) throw unauthorized();
      response.locals.exchange.user = user;
      next();
    });
  };
}

/** A direct caller may ask to act as somebody else: from here on he is the other one (contract.md 7.4). */
export function impersonate({ authorizer, registry, clock, log }: AppParts): AppStage {
  const instruments = impersonationInstruments(registry);
  const impersonator = new Impersonator({ authorizer, clock, instruments });
  const actAs: AppStage = async (request, response, next) => {
    const { api, user: requestor } = response.locals.exchange;
    try {
      const wanted = wantedUser(request.rawHeaders);
      if (wanted && requestor) {
        removeHeaders(request, isImpersonationHeader);
        const signal = whenOver(response);
        const user = await impersonator.impersonate(requestor, wanted, api.info, signal);
        log.debug({ user: requestor.name, actingAs: user.name }, 'Impersonates another user');
        response.locals.exchange.user = user;
      }
    } catch (err) {
      if (err instanceof StatusError) write(response, errorAnswer(err, api), NO_SNIFF);
      else if (!isOver(response)) throw err;
      return;
    }
    if (!isOver(response)) next();
  };
  return (request, response, next) => {
    if (hasHeader(request.rawHeaders, isImpersonationHeader)) return actAs(request, response, next);
    if (!isOver(response)) next();
    return undefined;
  };
}

/** Whether he may. */
export function authorize({ authorizer, log }: AppParts): AppStage {
  return (request, response, next) => {
    const { api, user } = response.locals.exchange;
    if (!user) throw unauthorized();
    const decide = (decision: Decision): void => {
      if (isOver(response)) return;
      if (decision.allowed) next();
      else
        write(
          response,
          errorAnswer(forbidden(user.name, api.info, decision.reason), api),
          NO_SNIFF,
        );
    };
    const fail = (error: unknown): void => {
      log.warn({ err: error, user: user.name }, 'Could not authorize request');
      const reason = error instanceof Error ? error.message : String(error);
      write(response, internalError(request.originalUrl, reason));
    };
    let decision;
    try {
      decision = authorizer.authorize({ user, request: api.info });
    } catch (error) {
      fail(error);
      return undefined;
    }
    if (decision instanceof Promise) return decision.then(decide, fail);
    decide(decision);
    return undefined;
  };
}
