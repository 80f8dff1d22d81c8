import { describe, expect, test } from '@jest/globals';
import { kubeletHost } from '../../../src/kubelet/node-address.ts';
import type { AddressConfig, KubeletNode } from '../../../src/kubelet/node-address.ts';

const CONFIG: AddressConfig = {
  addressTypes: ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'],
  port: 10_250,
  useNodeStatusPort: false,
};

function aNode(
  addresses: readonly (readonly [type: string, address: string])[],
  kubeletPort = 0,
): KubeletNode {
  return {
    name: 'node-a',
    addresses: addresses.map(([type, address]) => ({ type, address })),
    kubeletPort,
    resourceMetricsPath: '',
  };
}

function only(address: string): KubeletNode {
  return aNode([['InternalIP', address]]);
}

describe('kubeletHost', () => {
  test('takes the first preferred type that the node has', () => {
    const node = aNode([
      ['ExternalIP', '192.0.2.1'],
      ['InternalIP', '10.0.0.1'],
      ['InternalIP', '10.0.0.2'],
    ]);

    expect(kubeletHost(node, CONFIG)).toBe('10.0.0.1:10250');
    expect(kubeletHost(node, { ...CONFIG, addressTypes: ['ExternalIP', 'InternalIP'] })).toBe(
      '192.0.2.1:10250',
    );
  });

  test.each([
    { address: '10.0.0.1', host: '10.0.0.1:10250' },
    { address: 'node-a', host: 'node-a:10250' },
    {
      address: 'ip-10-0-0-1.eu-1.compute.internal',
      host: 'ip-10-0-0-1.eu-1.compute.internal:10250',
    },
    { address: 'Node_A.example.', host: 'Node_A.example.:10250' },
    { address: '10-0-0-1', host: '10-0-0-1:10250' },
    { address: 'fd00::1', host: '[fd00::1]:10250' },
    { address: '::ffff:10.0.0.1', host: '[::ffff:10.0.0.1]:10250' },
  ])('writes $address as in a URL', ({ address, host }) => {
    expect(kubeletHost(only(address), CONFIG)).toBe(host);
    expect(() => new URL(`https://${host}`)).not.toThrow();
  });

  test.each([
    { address: 'user@evil.example' },
    { address: 'evil.example/path' },
    { address: 'evil.example?x' },
    { address: 'evil.example#x' },
    { address: 'evil.example:80' },
    { address: 'two words' },
    { address: 'nöde' },
    { address: 'a..b' },
    { address: 'fe80::1%eth0' },
    { address: '010.0.0.1' },
    { address: '0x7f.1' },
    { address: '127.1' },
    { address: '1234' },
    { address: 'node.0x1' },
    { address: '\r\nhost: x' },
  ])('does not take $address for an address', ({ address }) => {
    expect(() => kubeletHost(only(address), CONFIG)).toThrow(
      `Cannot find the kubelet of node "node-a": expected an IP address or a host name, got ${JSON.stringify(address)}`,
    );
  });

  test.each([
    { flag: false, reported: 10_255, port: 10_250 },
    { flag: true, reported: 10_255, port: 10_255 },
    { flag: true, reported: 0, port: 10_250 },
  ])(
    'is at port $port when the node reports $reported and its use is $flag',
    ({ flag, reported, port }) => {
      const node = aNode([['InternalIP', '10.0.0.1']], reported);

      expect(kubeletHost(node, { ...CONFIG, useNodeStatusPort: flag })).toBe(`10.0.0.1:${port}`);
    },
  );

  test.each([{ reported: -1 }, { reported: 65_536 }])(
    'does not take $reported for a port',
    ({ reported }) => {
      const node = aNode([['InternalIP', '10.0.0.1']], reported);

      expect(() => kubeletHost(node, { ...CONFIG, useNodeStatusPort: true })).toThrow(
        `expected a port between 1 and 65535 in its status, got ${reported}`,
      );
    },
  );

  test.each([
    { name: 'none', addresses: [], has: '' },
    { name: 'none of the types', addresses: [['InternalDNS', 'a']] as const, has: 'InternalDNS' },
    { name: 'an empty one', addresses: [['InternalIP', '']] as const, has: 'InternalIP' },
  ])('says what there is when the node has $name', ({ addresses, has }) => {
    const config = { ...CONFIG, addressTypes: ['InternalIP', 'ExternalIP'] };

    expect(() => kubeletHost(aNode(addresses), config)).toThrow(
      expect.objectContaining({
        kind: 'address',
        message:
          'Cannot find the kubelet of node "node-a": no address matched types [InternalIP ExternalIP], ' +
          `it has [${has}]; name other types with --kubelet-preferred-address-types`,
      }),
    );
  });
});
