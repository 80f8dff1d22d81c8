import {
  boolean,
  byteCount,
  duration,
  integer,
  oneOf,
  strings,
  text,
  unset,
} from './flag-kinds.ts';

export const METRICS_SERVER_FLAGS = {
  'bootstrap-from-kubelet-rate': boolean(
    true,
    "Serve the kubelet's own CPU rate of a container until two samples of it exist, so that figures are there after one scrape.",
  ),
  kubeconfig: text(
    '',
    'Kubeconfig file for the cluster whose nodes and pods are served. Without it: the service account of the pod.',
  ),
  'metric-resolution': unset(
    duration(
      15_000,
      'Time between two scrapes of a node, at least 10s. Grows by itself, as long as it is not set, when --kubelet-request-timeout needs more than nine tenths of it.',
    ),
    '15s',
  ),
  'metric-staleness': unset(
    duration(
      0,
      'How long the figures of a node are served after its last successful scrape; five minutes longer while its kubelet refuses us because kube-apiserver is away. Without the flag: 1m0s, or three resolutions and one request timeout if that is more.',
    ),
    '',
  ),
  version: boolean(false, 'Print the version and end.'),
};

export const KUBELET_FLAGS = {
  'deprecated-kubelet-completely-insecure': boolean(
    false,
    'Call kubelets by plain HTTP and without credentials. For tests only.',
  ),
  'kubelet-certificate-authority': text(
    '',
    "File with the CA certificates that verify the kubelets. Without it: the cluster's own CA.",
  ),
  'kubelet-client-certificate': text('', 'File with the client certificate shown to kubelets.'),
  'kubelet-client-key': text('', 'File with the key of --kubelet-client-certificate.'),
  'kubelet-insecure-tls': boolean(
    false,
    'Do not verify the serving certificates of kubelets. Whoever can pose as a node then sees our token.',
  ),
  'kubelet-max-response-bytes': byteCount(
    32 * 1024 * 1024,
    'The longest answer accepted of a kubelet, from 64Ki to 1Gi.',
  ),
  'kubelet-metrics-source': oneOf(
    ['auto', 'summary', 'resource'],
    'auto',
    'Where figures are read: summary is /stats/summary, resource is /metrics/resource, auto takes the second where the first is refused or missing.',
  ),
  'kubelet-port': integer(10250, 'Port of the kubelets; see also --kubelet-use-node-status-port.'),
  'kubelet-preferred-address-types': strings(
    ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'],
    'Which address of a node to call, by type, the best one first.',
  ),
  'kubelet-request-timeout': duration(
    10_000,
    'How long one request to a kubelet may take, connecting included.',
  ),
  'kubelet-use-node-status-port': boolean(
    false,
    'Call the port that the node reports in its status, before --kubelet-port.',
  ),
  'node-selector': {
    ...text('', 'Label selector for the nodes to scrape and to serve. Without it: all.'),
    shorthand: 'l',
  },
};
