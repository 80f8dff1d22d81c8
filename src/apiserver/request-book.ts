import type { RequestInstruments, RequestKind } from './instruments.ts';
import { requestKinds } from './request-kind.ts';
import type { RequestKinds } from './request-kind.ts';
import type { RequestInfo } from './request-info.ts';
import type { Route } from './route.ts';

/** What is remembered of requests for their metrics. */
export class RequestBooks {
  private readonly instruments: RequestInstruments;
  private readonly kinds = requestKinds();

  constructor(instruments: RequestInstruments) {
    this.instruments = instruments;
  }

  open(method: string, route: Route, info: RequestInfo): RequestBook {
    return new RequestBook(this.instruments, this.kinds, { method, route, info });
  }
}

interface Asked {
  readonly method: string;
  readonly route: Route;
  readonly info: RequestInfo;
}

/** One request, from its arrival to the end of its answer. */
export class RequestBook {
  private readonly instruments: RequestInstruments;
  private readonly kinds: RequestKinds;
  private readonly asked: Asked;
  private handledAs: RequestKind | undefined;
  private isCutOff = false;
  private endsLate = false;

  constructor(instruments: RequestInstruments, kinds: RequestKinds, asked: Asked) {
    this.instruments = instruments;
    this.kinds = kinds;
    this.asked = asked;
  }

  /** A handler answers it. */
  handled(): void {
    const { method, route, info } = this.asked;
    this.handledAs = this.kinds.handled(method, route, info);
  }

  /** It is answered with 429. */
  dropped(): void {
    this.instruments.dropped(this.endedAs());
    this.instruments.terminated(this.endedAs(), 429);
  }

  /** Its time is over. */
  expired(): void {
    this.instruments.terminated(this.endedAs(), 504);
  }

  /** It was answered with 504, and what is done for it goes on. */
  answeredTooLate(): void {
    this.endsLate = true;
  }

  /** What was done for it has come to its end, which matters only if that was too late. */
  ended(status: 'ok' | 'error'): void {
    if (this.endsLate) this.instruments.endedAfterTimeout(status);
    this.endsLate = false;
  }

  /** The answer had begun, and we did not let it end. */
  cutOff(): void {
    this.isCutOff = true;
  }

  /** The answer is over, however it ended. */
  close(code: number, seconds: number, responseBytes: number): void {
    if (this.handledAs) this.instruments.finished(this.handledAs, code, seconds, responseBytes);
    if (this.isCutOff) this.instruments.aborted(this.endedAs());
  }

  private endedAs(): RequestKind {
    const { method, route, info } = this.asked;
    return this.kinds.ended(method, route, info);
  }
}
