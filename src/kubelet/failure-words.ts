import { ClosedError, type ExchangeError, HttpError, TooLargeError } from './exchange-error.ts';
import type { KubeletErrorKind } from './kubelet-error.ts';

/** What happened, and what to do about it: the end of a sentence that begins with the node. */
export interface Failure {
  readonly kind: KubeletErrorKind;
  readonly words: string;
}

/** How a kubelet begins whose SubjectAccessReview failed (pkg/kubelet/server/server.go, InstallAuthFilter). */
const UNDECIDED = 'Authorization error';
const ASK_API =
  'it could not ask kube-apiserver whether we may: see whether it runs and the kubelet reaches it';

/** What a status other than 200 means. `text` and `said`, the beginning of the body, may be ''. */
export function refusalWords(
  path: string,
  { code, text, said }: { readonly code: number; readonly text: string; readonly said: string },
): Failure {
  const quoted = said === '' ? '' : `, saying "${said}"`;
  const answer = `it answered GET ${path} with ${code}${text === '' ? '' : ` ${text}`}${quoted}`;
  if (code >= 300 && code < 400) {
    const words = `${answer}; redirects are not followed, so that our token stays here`;
    return { kind: 'redirect', words };
  }
  switch (code) {
    case 401:
      return {
        kind: 'unauthorized',
        words:
          `${answer}; is our token valid, and does the kubelet authenticate by webhook ` +
          '(authentication.webhook.enabled) at the same kube-apiserver?',
      };
    case 403:
      return {
        kind: 'forbidden',
        words: `${answer}; grant "get" on ${subresourceOf(path)} to our service account (ClusterRole system:metrics-server)`,
      };
    case 404:
      return { kind: 'not-found', words: `${answer}; this kubelet does not serve it` };
    case 500:
      if (said.startsWith(UNDECIDED)) return { kind: 'undecided', words: `${answer}; ${ASK_API}` };
      return { kind: 'status', words: `${answer}; see its log` };
    default:
      return { kind: 'status', words: code >= 500 ? `${answer}; see its log` : answer };
  }
}

/** The right that the kubelet asks kube-apiserver about (contract 10.6). */
function subresourceOf(path: string): string {
  if (path.startsWith('/stats/')) return 'nodes/stats';
  return path.startsWith('/metrics/') ? 'nodes/metrics' : 'nodes/proxy';
}

export interface Limits {
  readonly requestTimeoutMs: number;
  readonly maxResponseBytes: number;
}

const FIREWALL =
  'check firewalls, security groups and network policies between our pod and the node';

/** A deadline has passed. Upstream's users search for Go's words, so they are in the text. */
export function lateWords(path: string, error: ExchangeError, limits: Limits): Failure {
  const within = `within ${limits.requestTimeoutMs / 1000}s (context deadline exceeded)`;
  const words = {
    connecting: `no connection ${within}; ${FIREWALL}`,
    handshaking: `no TLS handshake ${within}; is a kubelet listening there, and is the node overloaded?`,
    waiting: `no answer to GET ${path} ${within}; is the node overloaded? --kubelet-request-timeout gives it longer`,
    reading:
      `the answer to GET ${path} was not whole ${within}, it had ${error.receivedBytes} bytes; ` +
      'is the node overloaded? --kubelet-request-timeout gives it longer',
  };
  return { kind: 'timeout', words: words[error.stage] };
}

/** What a failed exchange means; undefined for what no kubelet can cause. */
export function transportWords(
  path: string,
  error: ExchangeError,
  limits: Limits,
): Failure | undefined {
  const { cause } = error;
  if (cause instanceof TooLargeError) {
    const limit = `--kubelet-max-response-bytes=${limits.maxResponseBytes}`;
    return { kind: 'too-large', words: `its answer to GET ${path} is longer than ${limit}` };
  }
  if (!Error.isError(cause)) return undefined;
  const code = textOf(cause, 'code');
  const isUnreachable = code === 'ETIMEDOUT' && error.stage === 'connecting';
  if (cause instanceof ClosedError || (BROKEN.has(code) && !isUnreachable)) {
    return brokenWords(path, error, cause);
  }
  if (cause instanceof HttpError) {
    const words = `it does not speak HTTP as expected (${cause.message}); is a kubelet listening there?`;
    return { kind: 'decode', words };
  }
  return tlsWords(cause, code) ?? connectWords(cause, code);
}

const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

function brokenWords(path: string, { stage, receivedBytes }: ExchangeError, cause: Error): Failure {
  const when = {
    connecting: 'while connecting; is a kubelet listening there?',
    handshaking: 'during the TLS handshake; is a kubelet listening there?',
    waiting: `before it answered GET ${path}; did it restart?`,
    reading: `after ${receivedBytes} bytes of the answer to GET ${path}; did it restart?`,
  };
  const because = `connection reset (${cause.message})`;
  return { kind: 'reset', words: `${because} ${when[stage]}` };
}

const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_)/;
const SIGN_THEM =
  'let the cluster sign the certificates of kubelets (serverTLSBootstrap: true, then approve the requests)';

function tlsWords(cause: Error, code: string): Failure | undefined {
  if (!TLS_CODE.test(code)) return undefined;
  return { kind: 'tls', words: certificateWords(cause, code) ?? handshakeWords(cause, code) };
}

function certificateWords(cause: Error, code: string): string | undefined {
  if (UNKNOWN_AUTHORITY.has(code)) {
    return `its certificate is signed by unknown authority (${code}); name the CA of the kubelets with --kubelet-certificate-authority, or ${SIGN_THEM}`;
  }
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${nameWords(cause)}; ${SIGN_THEM}, or choose addresses that it names with --kubelet-preferred-address-types`;
    case 'CERT_HAS_EXPIRED':
      return `its certificate has expired or is not yet valid (${code}); ${SIGN_THEM}, with rotateCertificates: true it is renewed in time`;
    case 'CERT_NOT_YET_VALID':
      return `its certificate has expired or is not yet valid (${code}); set the clocks of the nodes`;
    case 'INVALID_PURPOSE':
      return `its certificate is not for servers (${code}); it lacks the extended key usage "server auth"`;
    default:
      return undefined;
  }
}

/** Go's words for an IP address that the certificate does not name. */
function nameWords(cause: Error): string {
  const host = textOf(cause, 'host');
  const names = textOf(Reflect.get(cause, 'cert'), 'subjectaltname');
  const hasAddresses = names.includes('IP Address:');
  return /^[\d.]+$|:/.test(host) && !hasAddresses
    ? `cannot validate certificate for ${host} because it doesn't contain any IP SANs, but ${names || 'no name at all'}`
    : `its certificate is valid for ${names || 'no name at all'}, not for ${host}`;
}

const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

function handshakeWords(cause: Error, code: string): string {
  const because = textOf(cause, 'reason') || cause.message;
  if (NO_TLS.has(code)) {
    return `it does not speak TLS there (${because}); is that the port of the kubelet (--kubelet-port)?`;
  }
  if (code.includes('ALERT')) {
    return `it does not accept us (${because}); if it wants a client certificate, give --kubelet-client-certificate and --kubelet-client-key`;
  }
  return `no TLS connection (${because}, ${code})`;
}

const NO_ROUTE = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
]);

/** Undefined for what no call of the system says. */
function connectWords(cause: Error, code: string): Failure | undefined {
  if (code === 'ETIMEDOUT')
    return { kind: 'timeout', words: `no connection (${code}); ${FIREWALL}` };
  if (code === 'ECONNREFUSED') {
    const words = `connection refused; is the kubelet running, and is that its port (--kubelet-port)?`;
    return { kind: 'connect', words };
  }
  if (NO_ROUTE.has(code)) {
    const words = `no route to host (${code}); ${FIREWALL}, or choose other addresses with --kubelet-preferred-address-types`;
    return { kind: 'connect', words };
  }
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) {
    const words = `no such host (${code}); choose addresses that can be reached with --kubelet-preferred-address-types=InternalIP`;
    return { kind: 'connect', words };
  }
  if (textOf(cause, 'syscall') === '') return undefined;
  return { kind: 'connect', words: `no connection (${messageOf(cause)})` };
}

/** An AggregateError (several addresses tried) says nothing itself. */
function messageOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : error.message;
}

function textOf(holder: unknown, key: string): string {
  const value: unknown =
    typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined;
  return typeof value === 'string' ? value : '';
}
