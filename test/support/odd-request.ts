/** One conversation with bytes that no well-behaved client sends, or hardly one. */
export interface OddRequest {
  readonly name: string;
  /** One character a byte; each piece a packet of its own. */
  readonly send: readonly string[];
  /** Nobody in particular asks; else an administrator. */
  readonly anonymous?: true;
  /** Our side ends behind the last piece. */
  readonly finish?: true;
  /**
   * What the Go server (v0.9.0) answered, in the words of the test: the responses, and whether the connection
   * was open afterwards.
   */
  readonly go: string;
  /** What ours answers where it is to be something else, and why. */
  readonly ours?: string;
  readonly why?: string;
}

export const API = '/apis/metrics.k8s.io/v1beta1';

/** A head, with a Host line unless the headers bring one or say `none`. */
export function head(line: string, ...headers: readonly string[]): string {
  const hasHost = headers.some((header) => /^(host:|none$)/i.test(header));
  const lines = hasHost ? headers.filter((header) => header !== 'none') : ['Host: x', ...headers];
  return [line, ...lines, '', ''].join('\r\n');
}

/** Reasons for other words than those of the Go server, as docs/compatibility.md gives them. */
export const CLOSES = 'what follows cannot be told apart safely';
export const STRICT = "Node's parser";
