import { isIPv4, isIPv6 } from 'node:net';
import { KubeletError } from './kubelet-error.ts';

/** A node as its kubelet's client needs it. */
export interface KubeletNode {
  readonly name: string;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  /** The port that the node reports for its kubelet; 0 when it reports none. */
  readonly kubeletPort: number;
  /** The annotation metrics.k8s.io/resource-metrics-path; '' without it. */
  readonly resourceMetricsPath: string;
}

export interface AddressConfig {
  /** Preferred first. */
  readonly addressTypes: readonly string[];
  readonly port: number;
  /** Whether the port that the node reports goes before `port`. */
  readonly useNodeStatusPort: boolean;
}

const HIGHEST_PORT = 65_535;
const HOST_NAME = /^[\w-]+(\.[\w-]+)*\.?$/;
/** A URL takes a name that ends so for an IPv4 address, and would dial 0.0.4.210 for `1234`. */
const NUMERIC_END = /(^|\.)(\d+|0x[\da-f]*)\.?$/i;

/**
 * Host and port as they stand in a URL, IPv6 in brackets (as upstream: pkg/utils/address_resolver.go).
 *
 * @throws KubeletError `address` when the node has no address of the wanted types, or says something that
 * can be none: it goes into a URL beside our token.
 */
export function kubeletHost(node: KubeletNode, config: AddressConfig): string {
  for (const type of config.addressTypes) {
    const found = node.addresses.find((candidate) => candidate.type === type);
    if (found && found.address !== '') return hostAndPort(node, found.address, config);
  }
  const present = node.addresses.map(({ type }) => type).join(' ');
  throw unusable(
    node,
    `no address matched types [${config.addressTypes.join(' ')}], it has [${present}]; ` +
      'name other types with --kubelet-preferred-address-types',
  );
}

function hostAndPort(node: KubeletNode, address: string, config: AddressConfig): string {
  const port = config.useNodeStatusPort && node.kubeletPort !== 0 ? node.kubeletPort : config.port;
  if (!(port > 0 && port <= HIGHEST_PORT)) {
    throw unusable(
      node,
      `expected a port between 1 and ${HIGHEST_PORT} in its status, got ${port}`,
    );
  }
  if (isIPv4(address) || isHostName(address)) return `${address}:${port}`;
  if (isIPv6(address) && !address.includes('%')) return `[${address}]:${port}`;
  throw unusable(node, `expected an IP address or a host name, got ${JSON.stringify(address)}`);
}

function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !NUMERIC_END.test(text);
}

function unusable(node: KubeletNode, state: string): KubeletError {
  return new KubeletError('address', `Cannot find the kubelet of node "${node.name}": ${state}`);
}
