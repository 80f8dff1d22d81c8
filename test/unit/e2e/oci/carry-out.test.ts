import { describe, expect, test } from '@jest/globals';
import { NoImageBuildError, environmentOf, refuseMachine } from '../../../e2e/oci/carry-out.ts';

describe('environmentOf', () => {
  test('passes on how the network is reached, and nothing else of whoever runs this', () => {
    const network = {
      HTTPS_PROXY: 'http://proxy:1',
      no_proxy: 'localhost',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      SSL_CERT_FILE: '/ca.pem',
      npm_config_registry: 'https://registry.example',
      NPM_CONFIG_USERCONFIG: '/home/me/.npmrc',
    };
    const ours = {
      NODE_OPTIONS: '--inspect',
      npm_config_local_prefix: '/checkout',
      npm_package_name: 'metrics-server',
      KUBECONFIG: '/secret',
    };

    expect(environmentOf({ ...network, ...ours, PATH: '/bin', HOME: '/home/me' })).toEqual({
      ...network,
      PATH: '/bin',
      HOME: '/home/me',
    });
  });

  test('leaves out the programs of the checkout, which npm puts first', () => {
    const PATH = '/checkout/node_modules/.bin:/usr/bin:/usr/lib/node_modules/npm/bin:/bin';

    expect(environmentOf({ PATH })).toEqual({ PATH: '/usr/bin:/bin', HOME: '/root' });
  });
});

describe('refuseMachine', () => {
  test('says what is missing, and the remedy', () => {
    expect(() => {
      refuseMachine({ PATH: '/nowhere' });
    }).toThrow(NoImageBuildError);
    expect(() => {
      refuseMachine({ PATH: '/nowhere' });
    }).toThrow(/^Cannot build the image: .+: (?:use a Debian 12 machine|run this as root)/);
  });
});
