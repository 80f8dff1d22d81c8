/**
 * Why a kubelet gave nothing; the same kind means the same remedy.
 * - `address`: the node has no address of the wanted types;
 * - `connect`: nobody listens there, or no way leads there;
 * - `tls`: its certificate was not accepted, or it did not accept ours;
 * - `reset`: the connection broke before the answer was whole;
 * - `timeout`: it did not answer in time, connecting included;
 * - `unauthorized`, `forbidden`, `not-found`, `status`: what it answered instead of 200;
 * - `redirect`: it wanted us elsewhere, where our token must not go;
 * - `too-large`: the answer is longer than the limit;
 * - `decode`: the answer is not what was asked for;
 * - `credentials`: our own token, CA or certificate could not be read.
 */
export type KubeletErrorKind =
  | 'address'
  | 'connect'
  | 'tls'
  | 'reset'
  | 'timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'status'
  | 'redirect'
  | 'too-large'
  | 'decode'
  | 'credentials';

/** A scrape that failed. The message says which kubelet, what happened, and what to do about it. */
export class KubeletError extends Error {
  override readonly name = 'KubeletError';
  readonly kind: KubeletErrorKind;

  constructor(kind: KubeletErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

/** What a status other than 200 means. `statusText` may be ''. */
export function statusError(
  where: string,
  path: string,
  { code, text, said }: { readonly code: number; readonly text: string; readonly said: string },
): KubeletError {
  const answer = `${where} answered ${code}${text === '' ? '' : ` ${text}`} to GET ${path}`;
  const quoted = said === '' ? '' : ` (${said})`;
  if (code >= 300 && code < 400) {
    return new KubeletError(
      'redirect',
      `${answer}: redirects are not followed, our token stays here`,
    );
  }
  switch (code) {
    case 401:
      return new KubeletError(
        'unauthorized',
        `${answer}: it does not accept our token; does it run with --authentication-token-webhook, and is our service account token valid?${quoted}`,
      );
    case 403:
      return new KubeletError(
        'forbidden',
        `${answer}: grant "get" on ${subresourceOf(path)} to our service account (ClusterRole system:metrics-server)${quoted}`,
      );
    case 404:
      return new KubeletError('not-found', `${answer}: it does not serve this path${quoted}`);
    default:
      return new KubeletError('status', `${answer}${quoted}`);
  }
}

/** The right that the kubelet asks kube-apiserver about (contract 10.6). */
function subresourceOf(path: string): string {
  if (path.startsWith('/stats/')) return 'nodes/stats';
  return path.startsWith('/metrics/') ? 'nodes/metrics' : 'nodes/proxy';
}

const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ETIMEDOUT']);

/** Says what a failure of the transport means for `where`, the kubelet in words. */
export function transportError(error: unknown, where: string): unknown {
  if (error instanceof KubeletError || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const because = messageOf(error, code);
  if (TLS_CODE.test(code)) return new KubeletError('tls', tlsMessage(where, code, because), error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new KubeletError('timeout', `${where} did not accept a connection in time`, error);
  }
  if (BROKEN.has(code)) {
    return new KubeletError('reset', `${where} broke the connection off: ${because}`, error);
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return new KubeletError(
      'decode',
      `${where} does not speak HTTP as expected: ${because}`,
      error,
    );
  }
  return new KubeletError(
    'connect',
    `Cannot connect to ${where}: ${because}; can our pod reach the nodes on this port?`,
    error,
  );
}

const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

/** Upstream's users search for Go's words, so they are in the text. */
function tlsMessage(where: string, code: string, because: string): string {
  const cannot = `Cannot verify the serving certificate of ${where}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return (
      `${cannot}: it is not for this address, or doesn't contain any IP SANs (${because}); let the kubelets request ` +
      'certificates from the cluster (serverTLSBootstrap: true), or prefer another address type'
    );
  }
  if (UNKNOWN_AUTHORITY.has(code)) {
    return (
      `${cannot}: certificate signed by unknown authority (${because}); name the CA of the kubelets with ` +
      '--kubelet-certificate-authority'
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `${cannot}: certificate has expired or is not yet valid (${because}); renew it, or set the clocks`;
  }
  return `${cannot}: ${because}`;
}

/** An AggregateError (several addresses tried) says nothing itself. */
function messageOf(error: Error, code: string): string {
  if (error instanceof AggregateError) return error.errors.map(String).join('; ');
  return error.message === '' ? code : error.message;
}
