/**
 * Why a kubelet gave nothing; the same kind means the same remedy.
 * - `address`: the node has no usable address of the wanted types;
 * - `credentials`: our own token, or the files of ours, could not be read;
 * - `connect`: nobody listens there, or no way leads there;
 * - `tls`: its certificate was not accepted, or it did not accept ours;
 * - `reset`: the connection broke before the answer was whole;
 * - `timeout`: it did not answer in time, connecting included;
 * - `unauthorized`, `forbidden`, `not-found`, `status`: what it answered instead of 200;
 * - `undecided`: it could not ask whether we may;
 * - `redirect`: it wanted us elsewhere, where our token must not go;
 * - `too-large`: the answer is longer than the limit;
 * - `decode`: the answer is not what was asked for.
 */
export type KubeletErrorKind =
  | 'address'
  | 'credentials'
  | 'connect'
  | 'tls'
  | 'reset'
  | 'timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'undecided'
  | 'status'
  | 'redirect'
  | 'too-large'
  | 'decode';

/** A scrape that failed. The message says which node, what happened, and what to do about it; nothing secret. */
export class KubeletError extends Error {
  override readonly name = 'KubeletError';
  readonly kind: KubeletErrorKind;

  constructor(kind: KubeletErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}
