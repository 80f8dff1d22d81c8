import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import express from 'express';
import type { ErrorRequestHandler } from 'express';
import { StatusError, unauthorized } from '../apimachinery/status-error.ts';
import type { Logger } from '../log.ts';
import { authenticate, authorize, impersonate } from './access.ts';
import type { Answer } from './answer.ts';
import type { ApiGroup } from './api-group.ts';
import type { AppParts, Serving } from './app-parts.ts';
import type { ApiRequest } from './api-request.ts';
import { AuthenticationError } from './authentication/authenticator.ts';
import { corsHeaders } from './cors.ts';
import { type Site, dispatch, errorAnswer } from './dispatch.ts';
import { SERVED } from './encoding/negotiate.ts';
import {
  type AppRequest,
  type AppResponse,
  type AppStage,
  type Locals,
  cutOff,
  exchangeOf,
  isOver,
  withLocals,
  write,
} from './exchange.ts';
import {
  PANIC,
  SHUTTING_DOWN,
  SHUTTING_DOWN_RETRY,
  TIMED_OUT,
  TOO_MANY_REQUESTS,
  internalError,
  isServedToTheEnd,
} from './fixed-answers.ts';
import { firstLine } from './first-line.ts';
import { STANDARD_CHECKS } from './health.ts';
import { badRequest, refuse } from './http-rules.ts';
import { InFlightLimit } from './in-flight.ts';
import { requestInstruments } from './instruments.ts';
import { MemoryGuard } from './memory-guard.ts';
import { openApiDocuments } from './openapi/documents.ts';
import { RequestBooks } from './request-book.ts';
import { requestDeadlineMs } from './request-deadline.ts';
import { RequestInfoError, requestInfo } from './request-info.ts';
import { routeOf } from './route.ts';
import { type MetricsRegistry, metricsAnswer } from './self-metrics.ts';
import { keepHeaders, send } from './send.ts';
import { sparingLog } from './sparing-log.ts';
import { inTurn, stopwatch, whenKnown } from './stages.ts';
import { Turns } from './turns.ts';

/** Long answers together take at most this much of one turn of the event loop. */
const TURN_BUDGET_MS = 4;

/**
 * The whole way of a request, top to bottom (contract.md 0.1): the first stage that answers wins, so the
 * order decides which error a client sees. The stages are here and in access.ts; what they have in common is in exchange.ts.
 *
 * Routes are decided by RequestInfo and not by Express patterns, so that discovery, authorization and
 * dispatch read the same answer.
 */
export function createApp(given: AppParts): RequestListener {
  const parts = { ...given, log: sparingLog(given.log) };
  const { serving, clock, groups } = parts;
  const checks = [...STANDARD_CHECKS, ...parts.checks];
  const serverAddress = `${serving.externalHostname}:${serving.port}`;
  const { version } = parts;
  const openApi = openApiDocuments({ groups, served: SERVED, version, clock });
  const site: Site = { groups, checks, clock, serverAddress, version, openApi };
  const turns = new Turns(TURN_BUDGET_MS, () => clock.monotonicMs());
  const limit = new InFlightLimit(
    { readOnly: serving.maxRequestsInFlight, mutating: serving.maxMutatingRequestsInFlight },
    () => clock.monotonicMs(),
  );
  const instruments = requestInstruments(parts.registry, () => limit.peaks);
  const timed = stopwatch(clock, instruments);

  const app = express();
  app.disable('x-powered-by');
  const stages = [
    auditId,
    readRequest(groups, new RequestBooks(instruments)),
    account(parts),
    refuseWhileDraining(parts, true),
    commonHeaders(serving),
    refuseWhileDraining(parts, false),
    deadline(serving.requestTimeoutMs),
    crossOrigin(serving),
    timed('authentication', authenticate(parts.authenticator)),
    timed('constrainedimpersonation', impersonate(parts)),
    limitInFlight(limit),
    timed('authorization', authorize(parts)),
    serve(site, parts.registry, turns, new MemoryGuard(parts)),
  ];
  const answer = inTurn(stages);
  const guard = panicGuard(parts.log);
  app.use(answer, asErrorHandler(guard));
  const isOfResource = resourcePaths(groups);
  return (request, response) => {
    const originalUrl = request.url ?? '';
    if (isOfResource(originalUrl)) {
      // The same way without a router around it, which has nothing to decide here and costs as much as the answer.
      const asked = Object.assign(request, { originalUrl });
      const answered = withLocals(response);
      answer(asked, answered, (error) => {
        guard(error, asked, answered);
      });
      return;
    }
    // Express answers URLs that it cannot read with a page of its own. Here it gets one that it can, since
    // RequestInfo alone reads them.
    app(Object.assign(request, { originalUrl, url: '/' }), response);
  };
}

/** Whether a URL is one below a version of a group, where resources are, however it goes on. */
function resourcePaths(groups: readonly ApiGroup[]): (url: string) => boolean {
  const roots = groups.flatMap(({ name, versions }) =>
    versions.map((version) => `/apis/${name}/${version.name}/`),
  );
  return (url) => roots.some((root) => url.startsWith(root));
}

/** Echoes the client's audit id, or makes one, on every answer. An empty one is none. */
const auditId: AppStage = (request, response, next) => {
  const given = firstLine(request, 'audit-id') ?? '';
  response.setHeader('Audit-Id', given === '' ? randomUUID() : given);
  next();
};

function readRequest(groups: readonly ApiGroup[], books: RequestBooks): AppStage {
  return (request, response, next) => {
    const { method = '', originalUrl: url } = request;
    try {
      const info = requestInfo(method, url);
      const api: ApiRequest = {
        method,
        info,
        accept: firstLine(request, 'accept'),
        contentType: request.headers['content-type'],
        userAgent: request.headers['user-agent'],
        header: (name) => firstLine(request, name) ?? '',
      };
      const route = routeOf(info, groups);
      response.locals.exchange = {
        api,
        route,
        book: books.open(method, route, info),
        afterwards: [],
        user: undefined,
        bytes: 0,
      };
    } catch (error) {
      if (!(error instanceof RequestInfoError)) throw error;
      if (error.code === 400) refuse(response, badRequest());
      else write(response, internalError(url, error.message));
      return;
    }
    next();
  };
}

/** Counts the request when it is over, however it ends, and writes it into the log for those who debug. */
function account({ log, clock }: AppParts): AppStage {
  return (_request, response, next) => {
    const startMs = clock.monotonicMs();
    const { exchange } = response.locals;
    const { api, book, afterwards } = exchange;
    response.on('close', () => {
      const { user, bytes } = exchange;
      const durationMs = Math.round((clock.monotonicMs() - startMs) * 1000) / 1000;
      const code = response.statusCode;
      const completed = response.writableFinished;
      const fields = { method: api.method, path: api.info.path, user: user?.name };
      log.debug({ ...fields, code, durationMs, bytes, completed }, 'Answered request');
      book.close(code, durationMs / 1000, bytes);
      for (const end of afterwards) end();
    });
    next();
  };
}

/** Connections that stay open while we shut down: their requests are sent elsewhere, earlier if they are to come back. */
function refuseWhileDraining({ serving, isDraining }: AppParts, toComeBack: boolean): AppStage {
  const isWanted = serving.shutdownSendRetryAfter === toComeBack;
  return (_request, response, next) => {
    const { info, userAgent } = response.locals.exchange.api;
    const isRefused = isWanted && isDraining?.() === true;
    if (!isRefused || isServedToTheEnd(info.path, userAgent)) next();
    else write(response, toComeBack ? SHUTTING_DOWN_RETRY : SHUTTING_DOWN);
  };
}

/** No caching, and Strict-Transport-Security if a flag says so. */
function commonHeaders({ strictTransportSecurity }: Serving): AppStage {
  const transportSecurity = strictTransportSecurity.join('; ');
  return (_request, response, next) => {
    if (transportSecurity !== '') {
      response.setHeader('Strict-Transport-Security', transportSecurity);
    }
    response.setHeader('Cache-Control', 'no-cache, private');
    next();
  };
}

/** Answers 504 when the time is over; an answer that has begun is cut off, so that nobody takes it for whole. */
function deadline(maximumMs: number): AppStage {
  return (_request, response, next) => {
    const { api, book, afterwards } = response.locals.exchange;
    if (api.info.verb === 'watch') {
      next();
      return;
    }
    const allowedMs = requestDeadlineMs(api.info.query, maximumMs);
    const headers = response.getHeaderNames();
    const expire = (): void => {
      book.expired();
      if (response.headersSent) {
        cutOff(response);
        return;
      }
      keepHeaders(response, headers); // without those of the stages that were to answer
      write(response, TIMED_OUT);
      book.answeredTooLate();
    };
    if (allowedMs < 1) {
      expire(); // shorter than a timer can be
      return;
    }
    const timer = setTimeout(expire, allowedMs);
    afterwards.push(() => {
      clearTimeout(timer);
    });
    next();
  };
}

/** CORS, off unless a flag says otherwise. */
function crossOrigin({ corsAllowedOrigins }: Serving): AppStage {
  const headersFor = corsHeaders(corsAllowedOrigins);
  return (request, response, next) => {
    const headers = headersFor(request.headers.origin);
    for (const [name, value] of headers ?? []) response.setHeader(name, value);
    if (headers && request.method === 'OPTIONS') response.writeHead(204).end();
    else next();
  };
}

function limitInFlight(limit: InFlightLimit): AppStage {
  return (_request, response, next) => {
    const { api, user, book, afterwards } = response.locals.exchange;
    const { verb } = api.info;
    const leave = limit.enter(verb, user?.groups.includes('system:masters') === true);
    if (!leave) {
      book.dropped();
      write(response, TOO_MANY_REQUESTS);
      return;
    }
    afterwards.push(leave);
    next();
  };
}

function serve(site: Site, registry: MetricsRegistry, turns: Turns, guard: MemoryGuard): AppStage {
  return (request, response) => {
    const { exchange } = response.locals;
    const { route, api } = exchange;
    const finish = (answer: Answer): unknown => {
      if (isOver(response)) return undefined;
      const encodings = api.header('accept-encoding');
      return whenKnown(send(response, guard.admit(route, answer), encodings, turns), (bytes) => {
        if (bytes === undefined) isOver(response);
        else exchange.bytes = bytes;
      });
    };
    if (route.kind === 'metrics') {
      return metricsAnswer(registry, firstLine(request, 'accept-encoding')).then(finish);
    }
    const { book } = exchange;
    return finish(
      dispatch(route, api, site, () => {
        book.handled();
      }),
    );
  };
}

type Guard = (error: unknown, request: AppRequest, response: AppResponse) => void;

/** Behind it nobody catches anything: a bug in the answer to a bug ends the connection, and not the server. */
function panicGuard(log: Logger): Guard {
  const writeError = errorWriter(log);
  return (error, request, response) => {
    try {
      writeError(error, request, response);
    } catch (failure) {
      response.destroy();
      log.error({ err: failure, method: request.method }, 'Could not answer a failed request');
    }
  };
}

/** What was thrown on the way: a refusal becomes its Status, a bug becomes 500 and a line in the log, nothing more. */
function errorWriter(log: Logger): Guard {
  return (error, request, response) => {
    const exchange = exchangeOf(response);
    exchange?.book.ended('error');
    if (exchange && error instanceof AuthenticationError) {
      log.info({ err: error }, 'Could not authenticate request');
      write(response, errorAnswer(unauthorized(), exchange.api));
    } else if (exchange && error instanceof StatusError) {
      write(response, errorAnswer(error, exchange.api));
    } else {
      const fields = { method: request.method, path: exchange?.api.info.path };
      log.error({ err: error, ...fields }, 'Request failed');
      if (response.headersSent) cutOff(response);
      else write(response, PANIC);
    }
  };
}

function asErrorHandler(
  guard: Guard,
): ErrorRequestHandler<Record<string, string>, unknown, unknown, unknown, Locals> {
  // Express tells an error handler by its four parameters.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- see above
  return (error: unknown, request, response, _next) => {
    guard(error, request, response);
  };
}
