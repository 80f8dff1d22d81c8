import { isIPv6 } from 'node:net';
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

/**
 * Host and port as they stand in a URL, IPv6 in brackets (as upstream: pkg/utils/address_resolver.go).
 * @throws KubeletError `address` when the node has no address of the wanted types.
 */
export function kubeletHost(node: KubeletNode, config: AddressConfig): string {
  for (const type of config.addressTypes) {
    const found = node.addresses.find((candidate) => candidate.type === type);
    if (!found || found.address === '') continue;
    const port = config.useNodeStatusPort && node.kubeletPort > 0 ? node.kubeletPort : config.port;
    return `${isIPv6(found.address) ? `[${found.address}]` : found.address}:${port}`;
  }
  const present = node.addresses.map(({ type }) => type).join(', ');
  throw new KubeletError(
    'address',
    `Cannot find an address of node "${node.name}": no address matched types ` +
      `[${config.addressTypes.join(' ')}], it has ${present === '' ? 'none' : present}; ` +
      'set --kubelet-preferred-address-types',
  );
}
