import type { Clock } from '../clock.ts';
import type { Filter, RequestInstruments } from './instruments.ts';

type Stage<Request, Response> = (request: Request, response: Response, next: () => void) => unknown;

/**
 * Runs stages one after another: without Express, or in one layer of it, which makes half a kilobyte of garbage for each
 * layer of each request. What a stage throws, or its promise is rejected with, goes to `next`, once, and to nobody else.
 */
export function inTurn<Request, Response>(
  stages: readonly Stage<Request, Response>[],
): (request: Request, response: Response, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    let begun = 0;
    const fail = (error: unknown): void => {
      next(error ?? new Error('A stage failed without saying why'));
    };
    const go = (): void => {
      const stage = stages[begun++];
      if (stage === undefined) {
        next();
        return;
      }
      try {
        const waiting = stage(request, response, go);
        if (waiting instanceof Promise) waiting.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
    go();
  };
}

/** Measures how long a stage takes until it passes the request on, or throws it out. */
export function stopwatch(clock: Clock, instruments: RequestInstruments) {
  return <Request, Response>(
      filter: Filter,
      stage: Stage<Request, Response>,
    ): Stage<Request, Response> =>
    (request, response, next) => {
      const startMs = clock.monotonicMs();
      const observe = (): void => {
        instruments.filtered(filter, (clock.monotonicMs() - startMs) / 1000);
      };
      const fail = (error: unknown): never => {
        observe();
        throw error;
      };
      try {
        const waiting = stage(request, response, () => {
          observe();
          next();
        });
        return waiting instanceof Promise ? waiting.catch(fail) : undefined;
      } catch (error) {
        return fail(error);
      }
    };
}

/** Goes on with what was found out, in the same turn where that did not take any waiting. */
export function whenKnown<Found>(
  found: Found | Promise<Found>,
  goOn: (found: Found) => unknown,
): unknown {
  return found instanceof Promise ? found.then(goOn) : goOn(found);
}
