import {
  boolean,
  certificateFiles,
  duration,
  float,
  ignored,
  int32s,
  integer,
  ip,
  level,
  moduleLevels,
  multimap,
  quantity,
  strings,
  text,
} from './flag-kinds.ts';

const NO_WATCHES = 'this API offers no watches';
const NO_COMPONENT =
  "upstream's server has no component to set it for and refuses every value, and so does this one";
const NOT_EMULATED = 'there is one version of the API';

export const GENERIC_FLAGS = {
  'advertise-address': ip(
    '',
    'Address shown to clients in /apis when --external-hostname is not set.',
  ),
  'cors-allowed-origins': strings(
    [],
    'Regular expressions for the origins that browsers may call from; each must pin the start and the end of the host. None: no CORS headers.',
  ),
  'emulated-version': ignored(strings([], 'Kubernetes version to behave as.'), NO_COMPONENT),
  'emulation-forward-compatible': ignored(
    boolean(false, 'Enable API versions newer than the emulated one.'),
    NOT_EMULATED,
    false,
  ),
  'external-hostname': text('', 'Host name shown to clients in /apis.'),
  'feature-gates': ignored(multimap('Features to switch, as name=true|false.'), NO_COMPONENT),
  'goaway-chance': ignored(
    float(0, 'Share of requests after which an HTTP/2 client is sent to another server.'),
    'connections are HTTP/1.1, which has no GOAWAY',
    0,
  ),
  'livez-grace-period': ignored(
    duration(0, 'How long after the start /livez passes in any case.'),
    '/livez never waits for the start to be over',
    0,
  ),
  'max-mutating-requests-inflight': integer(
    200,
    'How many requests that change things are answered at the same time; 0 is no limit.',
  ),
  'max-requests-inflight': integer(
    400,
    'How many requests that read are answered at the same time; 0 is no limit.',
  ),
  'min-compatibility-version': ignored(
    strings([], 'Oldest Kubernetes version to stay compatible with.'),
    NO_COMPONENT,
  ),
  'min-request-timeout': ignored(
    integer(1800, 'Seconds that a watch is kept open at least.'),
    NO_WATCHES,
    1800,
  ),
  'request-timeout': duration(60_000, 'How long one request may take; ?timeout= can shorten it.'),
  'runtime-config-emulation-forward-compatible': ignored(
    boolean(false, 'Enable configured API versions newer than the emulated one.'),
    NOT_EMULATED,
    false,
  ),
  'shutdown-delay-duration': duration(
    0,
    'How long to go on serving after the signal to end, not ready, so that load balancers notice.',
  ),
  'shutdown-send-retry-after': boolean(
    false,
    'Keep listening while the last requests end, and answer new ones with 429 and Retry-After.',
  ),
  'shutdown-watch-termination-grace-period': ignored(
    duration(0, 'How long watches may take to end.'),
    NO_WATCHES,
    0,
  ),
  'storage-initialization-timeout': ignored(
    duration(60_000, 'How long to wait for the storage of the API before the start.'),
    'figures are kept in memory, nothing has to be set up',
    60_000,
  ),
  'strict-transport-security-directives': strings(
    [],
    'Directives of the Strict-Transport-Security header: max-age=SECONDS, includeSubDomains, preload. None: no header.',
  ),
};

const ONLY_HTTP_1 = 'connections are HTTP/1.1 only';

export const SECURE_SERVING_FLAGS = {
  'bind-address': ip(
    '0.0.0.0',
    'Address to listen on; an unspecified one (0.0.0.0 or ::) listens on all, of both families.',
  ),
  'cert-dir': text(
    'apiserver.local.config/certificates',
    'Folder for the self-signed certificate, which is made when --tls-cert-file is not set.',
  ),
  'disable-http2-serving': ignored(boolean(false, 'Do not offer HTTP/2.'), ONLY_HTTP_1, true),
  'http2-max-streams-per-connection': ignored(
    integer(0, 'How many streams an HTTP/2 connection may have.'),
    ONLY_HTTP_1,
    0,
  ),
  'permit-address-sharing': ignored(
    boolean(false, 'Listen with SO_REUSEADDR.'),
    'it is always on',
    true,
  ),
  'permit-port-sharing': boolean(
    false,
    'Listen with SO_REUSEPORT, so that several servers can share the port.',
  ),
  'secure-port': integer(443, 'Port to listen on.'),
  'tls-cert-file': text(
    '',
    'File with the serving certificate, and with its chain after it. Read again when it changes.',
  ),
  'tls-cipher-suites': strings(
    [],
    'Cipher suites for TLS up to 1.2, by their IANA names. Those of TLS 1.3 are always on.',
  ),
  'tls-curve-preferences': int32s(
    'Key exchanges to accept, as the numbers that Go and the TLS registry give them: 23 P-256, 24 P-384, 25 P-521, 29 X25519, 4587 SecP256r1MLKEM768, 4588 X25519MLKEM768, 4589 SecP384r1MLKEM1024.',
  ),
  'tls-min-version': text(
    '',
    'Oldest TLS version to accept: VersionTLS10, VersionTLS11, VersionTLS12 or VersionTLS13. Without it: VersionTLS12.',
  ),
  'tls-private-key-file': text('', 'File with the key of --tls-cert-file.'),
  'tls-sni-cert-key': certificateFiles(
    'Certificate and key for clients that ask for other names: crt,key or crt,key:name,*.name. Can be repeated.',
  ),
};

export const AUTHENTICATION_FLAGS = {
  'authentication-kubeconfig': text(
    '',
    'Kubeconfig file for token reviews and for the cluster-wide authentication settings. Without it: the service account of the pod.',
  ),
  'authentication-skip-lookup': boolean(
    false,
    'Do not read the authentication settings of the cluster; use those of the command line only.',
  ),
  'authentication-token-webhook-cache-ttl': duration(
    10_000,
    'How long the answer to a token review is remembered.',
  ),
  'authentication-tolerate-lookup-failure': ignored(
    boolean(false, 'Start even if the authentication settings of the cluster cannot be read.'),
    'this server always starts, is not ready until they could be read, and goes on trying',
    true,
  ),
  'client-ca-file': text(
    '',
    'File with the CA certificates that verify the certificates of users.',
  ),
  'requestheader-allowed-names': strings(
    [],
    'Common names that a front proxy may have. None: every certificate of the request-header CA is a front proxy.',
  ),
  'requestheader-client-ca-file': text(
    '',
    'File with the CA certificates that verify front proxies. When set, the request-header settings of the cluster are not used.',
  ),
  'requestheader-extra-headers-prefix': strings(
    ['x-remote-extra-'],
    'Prefixes of the headers in which a front proxy passes extra facts about the user.',
  ),
  'requestheader-group-headers': strings(
    ['x-remote-group'],
    'Headers in which a front proxy passes the groups of the user.',
  ),
  'requestheader-uid-headers': strings(
    [],
    'Headers in which a front proxy passes the uid of the user.',
  ),
  'requestheader-username-headers': strings(
    ['x-remote-user'],
    'Headers in which a front proxy passes the name of the user.',
  ),
};

export const AUTHORIZATION_FLAGS = {
  'authorization-always-allow-paths': strings(
    ['/healthz', '/readyz', '/livez'],
    'Paths that everybody may get; a final * stands for the rest of a path.',
  ),
  'authorization-kubeconfig': text(
    '',
    'Kubeconfig file for subject access reviews. Without it: the service account of the pod.',
  ),
  'authorization-webhook-cache-authorized-ttl': duration(
    10_000,
    'How long it is remembered that a request was allowed.',
  ),
  'authorization-webhook-cache-unauthorized-ttl': duration(
    10_000,
    'How long it is remembered that a request was not allowed. Where it was before, it is asked again every second for up to 10s.',
  ),
};

const IGNORED_UPSTREAM = "upstream's server ignores it as well";

export const FEATURE_FLAGS = {
  'contention-profiling': ignored(
    boolean(false, 'Profile lock contention.'),
    'there is no profiler to reach by network',
    false,
  ),
  'debug-socket-path': ignored(
    text('', 'Unix socket for profiling.'),
    'there is no profiler to reach by network',
    '',
  ),
  'enable-priority-and-fairness': ignored(
    boolean(true, 'Queue requests by priority.'),
    IGNORED_UPSTREAM,
    false,
  ),
  profiling: ignored(
    boolean(true, 'Serve profiles under /debug/pprof.'),
    'there is no profiler to reach by network',
    false,
  ),
};

const LOG_LINES_ARE_WRITTEN_AT_ONCE = 'log lines are written at once, to one stream';
const ALPHA_OPTION = `${LOG_LINES_ARE_WRITTEN_AT_ONCE}; any other value is refused, as upstream refuses it without an alpha feature`;

export const LOGGING_FLAGS = {
  'log-flush-frequency': ignored(
    duration(5_000, 'Time between two flushes of the log.'),
    LOG_LINES_ARE_WRITTEN_AT_ONCE,
  ),
  'log-json-info-buffer-size': ignored(
    quantity('Buffer for lines of level info.'),
    ALPHA_OPTION,
    '0',
  ),
  'log-json-split-stream': ignored(
    boolean(false, 'Write errors and the rest to two streams.'),
    ALPHA_OPTION,
    false,
  ),
  'log-text-info-buffer-size': ignored(
    quantity('Buffer for lines of level info.'),
    ALPHA_OPTION,
    '0',
  ),
  'log-text-split-stream': ignored(
    boolean(false, 'Write errors and the rest to two streams.'),
    ALPHA_OPTION,
    false,
  ),
  'logging-format': text('text', 'Form of the log lines: text (as klog writes) or json.'),
  v: {
    ...level('How much to log; from 4 on every request.'),
    shorthand: 'v',
  },
  vmodule: ignored(
    moduleLevels('Levels by source file.'),
    'levels do not depend on source files here',
  ),
};
