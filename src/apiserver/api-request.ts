import type { RequestInfo } from './request-info.ts';

/** A request after authorization. Headers are first lines; undefined where there is none. */
export interface ApiRequest {
  readonly method: string;
  readonly info: RequestInfo;
  readonly accept: string | undefined;
  readonly contentType: string | undefined;
  readonly userAgent: string | undefined;
  /** Any other header, by its name in lower case; '' where there is none. */
  readonly header: (name: string) => string;
}
