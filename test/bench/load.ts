/** What the load client is asked to do: requests over kept connections, until time or number is over. */
export interface Load {
  readonly kind: 'load';
  /** Taken in turn. */
  readonly paths: readonly string[];
  readonly accept: string;
  readonly connections: number;
  readonly forMs: number;
  /** So many even when the time is over before. */
  readonly atLeast: number;
  /** From one request to the next on a connection; 0: as soon as the former is answered. */
  readonly everyMs: number;
  /**
   * Whether requests are due at their times, whatever became of the former: one that had to wait for it is then
   * as late as if somebody else had sent it in time.
   */
  readonly countsWaiting: boolean;
  /** Whether each path is a list to be read page by page: what is timed is the whole of it. */
  readonly isPaged: boolean;
}

export interface LoadResult {
  readonly seconds: number;
  /** Of each request until its last byte. */
  readonly latenciesMs: readonly number[];
  /** Of the last answer; of all of its pages. */
  readonly bytes: number;
  readonly pages: number;
  /** Answers other than 200, and connections that broke. */
  readonly failures: number;
  /** CPU of the client by time: near 1 it is the client that was measured. */
  readonly clientBusy: number;
}

/** One request, whose answer is wanted as text. */
export interface Fetch {
  readonly kind: 'fetch';
  readonly path: string;
}

export interface FetchResult {
  /** 0 when nobody answered. */
  readonly code: number;
  readonly body: string;
}

/** A list in JSON, of which only the names are wanted: those of nodes, and `namespace/name` of pods. */
export interface Names {
  readonly kind: 'names';
  readonly path: string;
}

/** Where the requests go, and as whom; told once, before anything else. */
export interface Target {
  readonly kind: 'target';
  readonly port: number;
  readonly cert: string;
  readonly key: string;
}

export type Question = Load | Fetch | Names | Target;
export type Reply =
  | { readonly kind: 'load'; readonly result: LoadResult }
  | { readonly kind: 'fetch'; readonly result: FetchResult }
  | { readonly kind: 'names'; readonly result: readonly string[] }
  | { readonly kind: 'target' }
  | { readonly kind: 'failed'; readonly message: string };
