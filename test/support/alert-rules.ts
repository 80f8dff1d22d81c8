/**
 * What people ask of API servers and of metrics servers: the kinds of expressions that the well-known alert
 * rules and dashboards of Kubernetes are made of, in our own words. Each has to find its series on our page.
 */
export const ALERT_RULES: ReadonlyMap<string, string> = new Map([
  [
    'RequestsFail',
    'sum by (verb, resource) (rate(apiserver_request_total{job="metrics-server",code=~"5.."}[5m])) / sum by (verb, resource) (rate(apiserver_request_total{job="metrics-server"}[5m])) > 0.05',
  ],
  [
    'RequestsAreTerminated',
    'sum by (cluster) (rate(apiserver_request_terminations_total{job="metrics-server"}[10m])) / (sum by (cluster) (rate(apiserver_request_total{job="metrics-server"}[10m])) + sum by (cluster) (rate(apiserver_request_terminations_total{job="metrics-server"}[10m]))) > 0.2',
  ],
  [
    'RequestsAreTooMany',
    'sum(rate(apiserver_request_total{component="apiserver",code="429"}[5m])) > 0',
  ],
  [
    'ListsAreSlow',
    'histogram_quantile(0.99, sum by (le, resource, scope) (rate(apiserver_request_duration_seconds_bucket{verb="LIST",group="metrics.k8s.io",version="v1beta1",subresource=""}[5m]))) > 1',
  ],
  [
    'SingleReadsMissTheirLevel',
    'sum(rate(apiserver_request_sli_duration_seconds_bucket{job="metrics-server",verb=~"LIST|GET",subresource!~"proxy|attach|log|exec|portforward",scope=~"resource|",le=~"1(\\\\.0)?"}[1h])) / sum(rate(apiserver_request_sli_duration_seconds_count{job="metrics-server",verb=~"LIST|GET",subresource!~"proxy|attach|log|exec|portforward",scope=~"resource|"}[1h])) < 0.99',
  ],
  [
    'NamespaceListsMissTheirLevel',
    'sum(rate(apiserver_request_sli_duration_seconds_bucket{verb=~"LIST|GET",scope="namespace",le=~"5(\\\\.0)?"}[1h])) / sum(rate(apiserver_request_sli_duration_seconds_count{verb=~"LIST|GET",scope="namespace"}[1h])) < 0.99',
  ],
  [
    'ClusterListsMissTheirLevel',
    'sum(rate(apiserver_request_slo_duration_seconds_bucket{verb=~"LIST|GET",scope="cluster",le=~"30(\\\\.0)?"}[1h])) / sum(rate(apiserver_request_slo_duration_seconds_count{verb=~"LIST|GET",scope="cluster"}[1h])) < 0.99',
  ],
  [
    'AnswersAreLarge',
    'sum(increase(apiserver_response_sizes_bucket{resource="pods",le="+Inf"}[1h])) - sum(increase(apiserver_response_sizes_bucket{resource="pods",le="1e+07"}[1h])) > 0',
  ],
  [
    'ManyRequestsAtOnce',
    'max by (instance, request_kind) (apiserver_current_inflight_requests{request_kind=~"readOnly|mutating"}) > 300',
  ],
  [
    'FiltersAreSlow',
    'histogram_quantile(0.99, sum by (le, filter) (rate(apiserver_request_filter_duration_seconds_bucket{filter=~"authentication|authorization"}[5m]))) > 1',
  ],
  [
    'ProbesFail',
    'sum(rate(apiserver_request_total{subresource=~"/livez|/readyz|/healthz",component="",code="500"}[5m])) > 0.1',
  ],
  [
    'ClientCertificateExpires',
    'histogram_quantile(0.01, sum without (namespace, service, endpoint) (rate(apiserver_client_certificate_expiration_seconds_bucket{job="metrics-server"}[5m]))) < 604800 and on (job, instance) apiserver_client_certificate_expiration_seconds_count{job="metrics-server"} > 0',
  ],
  [
    'TokenReviewsFail',
    'sum(rate(apiserver_delegated_authn_request_total{code!~"2.."}[5m])) / sum(rate(apiserver_delegated_authn_request_total[5m])) > 0.1',
  ],
  [
    'AccessReviewsAreSlow',
    'histogram_quantile(0.99, sum by (le) (rate(apiserver_delegated_authz_request_duration_seconds_bucket{code="201"}[5m]))) > 1 and sum(rate(apiserver_delegated_authz_request_total[5m])) > 0',
  ],
  ['CallersAreNotBelieved', 'sum(rate(authentication_attempts{result="error"}[5m])) > 1'],
  [
    'WhoAsks',
    'topk(5, sum by (username) (rate(authenticated_user_requests{username!=""}[5m]))) > 100',
  ],
  [
    'CallersMayNot',
    'sum by (result) (rate(authorization_attempts_total{result=~"denied|no-opinion"}[5m])) > 1',
  ],
  [
    'TokensAreNotRemembered',
    'sum(rate(authentication_token_cache_request_total{status="miss"}[5m])) / sum(rate(authentication_token_cache_request_total[5m])) > 0.9',
  ],
  ['HandshakesFail', 'rate(apiserver_tls_handshake_errors_total[5m]) > 1'],
  ['AuditRefuses', 'rate(apiserver_audit_requests_rejected_total[5m]) > 0'],
  [
    'ClientErrors',
    'sum by (instance, job) (rate(rest_client_requests_total{job="metrics-server",code=~"5.."}[5m])) / sum by (instance, job) (rate(rest_client_requests_total{job="metrics-server"}[5m])) > 0.01',
  ],
  [
    'CallsAreSlow',
    'histogram_quantile(0.99, sum by (le, host, verb) (rate(rest_client_request_duration_seconds_bucket{verb=~"GET|POST"}[5m]))) > 5',
  ],
  [
    'CallsWaitForOurLimit',
    'histogram_quantile(0.99, sum by (le) (rate(rest_client_rate_limiter_duration_seconds_bucket{verb="POST"}[5m]))) > 1',
  ],
  [
    'QueueIsLong',
    'max by (name) (workqueue_depth) > 100 or histogram_quantile(0.99, sum by (name, le) (rate(workqueue_queue_duration_seconds_bucket[5m]))) > 10 or rate(workqueue_adds_total[5m]) > 1000',
  ],
  [
    'WorkIsStuck',
    'workqueue_unfinished_work_seconds > 600 or workqueue_longest_running_processor_seconds > 60 or rate(workqueue_retries_total[5m]) > 10',
  ],
  [
    'KubeletsFail',
    'sum(rate(metrics_server_kubelet_request_total{success="false"}[5m])) / sum(rate(metrics_server_kubelet_request_total[5m])) > 0.1',
  ],
  [
    'KubeletIsSlow',
    'histogram_quantile(0.95, sum by (le, node) (rate(metrics_server_kubelet_request_duration_seconds_bucket[5m]))) > 5',
  ],
  ['NodeIsNotScraped', 'time() - metrics_server_kubelet_last_request_time_seconds > 120'],
  [
    'RoundIsSlow',
    'histogram_quantile(0.99, sum by (le) (rate(metrics_server_manager_tick_duration_seconds_bucket[5m]))) > 15',
  ],
  [
    'NoFigures',
    'metrics_server_storage_points{type="node"} == 0 or metrics_server_storage_points{type="container"} == 0',
  ],
  [
    'FiguresAreOld',
    'histogram_quantile(0.9, sum by (le) (rate(metrics_server_api_metric_freshness_seconds_bucket[5m]))) > 120',
  ],
  [
    'UsesMuch',
    'rate(process_cpu_seconds_total{job="metrics-server"}[5m]) > 0.9 or process_resident_memory_bytes{job="metrics-server"} > 1e9 or process_virtual_memory_bytes > process_virtual_memory_max_bytes',
  ],
  ['FilesRunOut', 'process_open_fds / process_max_fds > 0.8'],
  ['Restarts', 'changes(process_start_time_seconds{job="metrics-server"}[15m]) > 2'],
  [
    'TalksMuch',
    'rate(process_network_receive_bytes_total[5m]) + rate(process_network_transmit_bytes_total[5m]) > 1e8',
  ],
]);

/** The rules as a file for Prometheus; JSON is YAML. */
export function ruleFile(): string {
  const rules = [...ALERT_RULES].map(([alert, expr]) => ({ alert, expr }));
  return JSON.stringify({ groups: [{ name: 'metrics-server', rules }] });
}

export interface Selector {
  readonly name: string;
  readonly matchers: readonly {
    readonly label: string;
    readonly operator: string;
    readonly value: string;
  }[];
}

const NAME =
  /\b(?:apiserver|authenticat\w+|authorization|rest_client|workqueue|metrics_server|process)_\w+/;

/** The series that an expression selects. */
export function selectorsOf(expression: string): Selector[] {
  const pattern = new RegExp(`(${NAME.source})(?:\\{([^}]*)\\})?`, 'g');
  return [...expression.matchAll(pattern)].map(([, name = '', inner = '']) => ({
    name,
    matchers: [...inner.matchAll(/(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"/g)].map(
      ([, label = '', operator = '', value = '']) => ({
        label,
        operator,
        value: JSON.parse(`"${value}"`) as string,
      }),
    ),
  }));
}

/** What Prometheus adds to each series where it scrapes us. */
const TARGET_LABELS = new Set(['job', 'instance', 'cluster', 'namespace', 'service', 'endpoint']);

/** Whether a series, as it stands on a page, is one of those that are selected. A code need not have been answered yet. */
export function isSelected(line: string, { name, matchers }: Selector): boolean {
  const [, series = '', inner = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
  if (series !== name) return false;
  const labels = new Map(
    [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', value = '']) => [
      key,
      value,
    ]),
  );
  return matchers.every(({ label, operator, value }) => {
    if (TARGET_LABELS.has(label)) return true;
    const actual = labels.get(label);
    if (actual === undefined) return false;
    if (label === 'code') return true;
    const isEqual = operator.endsWith('~')
      ? new RegExp(`^(?:${value})$`).test(actual)
      : actual === value;
    return operator.startsWith('!') ? !isEqual : isEqual;
  });
}
