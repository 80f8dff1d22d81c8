import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Header, WholeAnswer } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import type { UserInfo } from './authentication/authenticator.ts';
import type { RequestBook } from './request-book.ts';
import type { Route } from './route.ts';
import { sendWhole } from './send.ts';

/** Everything known of one request on its way through the chain. */
export interface Exchange {
  readonly api: ApiRequest;
  readonly route: Route;
  readonly book: RequestBook;
  /** What is to be done when the answer is over, however it ended: one listener calls it all. */
  readonly afterwards: (() => void)[];
  user: UserInfo | undefined;
  bytes: number;
}

export interface Locals {
  exchange: Exchange;
}

/** A request and its response as the stages see them, with or without Express around. */
export type AppRequest = IncomingMessage & { readonly originalUrl: string };
export type AppResponse = ServerResponse & { readonly locals: Locals };

/** One step of the way of a request; it passes on by calling `next`. */
export type AppStage = (request: AppRequest, response: AppResponse, next: () => void) => unknown;

/** What Express does to a response, as far as stages need it. There is no exchange before the URL has been read (exchangeOf). */
export function withLocals(response: ServerResponse): AppResponse {
  return Object.assign(response, { locals: {} as Locals });
}

/** Writes an answer that is at hand, unless the deadline has written one before. */
export function write(
  response: AppResponse,
  answer: WholeAnswer,
  more: readonly Header[] = [],
): void {
  if (isOver(response)) return;
  const exchange = exchangeOf(response);
  const acceptEncoding = exchange?.api.header('accept-encoding') ?? '';
  const headers = [...(answer.headers ?? []), ...more];
  const bytes = sendWhole(response, { ...answer, headers }, acceptEncoding);
  if (exchange) exchange.bytes = bytes;
}

/** Aborts when the answer has been sent or nobody waits for it any more. */
export function whenOver(response: AppResponse): AbortSignal {
  const over = new AbortController();
  response.locals.exchange.afterwards.push(() => {
    over.abort();
  });
  return over.signal;
}

/** What finds out that it is over has come to its end. */
export function isOver(response: AppResponse): boolean {
  if (!response.headersSent && !response.closed) return false;
  exchangeOf(response)?.book.ended('ok');
  return true;
}

/** Ends an answer that has begun, so that nobody takes it for whole. */
export function cutOff(response: AppResponse): void {
  response.locals.exchange.book.cutOff();
  response.destroy();
}

/** None as long as the URL has not been read. */
export function exchangeOf({ locals }: AppResponse): Exchange | undefined {
  const { exchange }: Partial<Locals> = locals;
  return exchange;
}
