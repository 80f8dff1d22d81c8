import { describe, expect, test } from '@jest/globals';
import { parseKubeconfig } from '../../../src/kube/kubeconfig-file.ts';

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
  readonly top?: object;
}

function aKubeconfig({ cluster = {}, user = {}, context = {}, top = {} }: Parts = {}): object {
  return {
    clusters: [
      { name: 'other', cluster: { server: 'https://other' } },
      { name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
    'current-context': 'x',
    ...top,
  };
}

const NOTHING = {
  server: 'https://10.0.0.1:6443',
  ca: undefined,
  insecureSkipTlsVerify: false,
  tlsServerName: undefined,
  clientCertificate: undefined,
  token: undefined,
  tokenFile: undefined,
  userName: 'u',
  exec: undefined,
  authProvider: undefined,
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('parseKubeconfig', () => {
  test.each([
    { name: 'nothing but a server', parts: {}, expected: {} },
    {
      name: 'a server without a scheme',
      parts: { cluster: { server: 'kube.example.com/' } },
      expected: { server: 'https://kube.example.com' },
    },
    {
      name: 'a path of the server',
      parts: { cluster: { server: 'https://rancher/k8s/clusters/c-1/' } },
      expected: { server: 'https://rancher/k8s/clusters/c-1' },
    },
    {
      name: 'trust',
      parts: { cluster: { 'certificate-authority': 'ca.pem', 'tls-server-name': 'kubernetes' } },
      expected: { ca: { file: '/home/me/ca.pem', data: undefined }, tlsServerName: 'kubernetes' },
    },
    {
      name: 'no trust at all',
      parts: { cluster: { 'insecure-skip-tls-verify': true } },
      expected: { insecureSkipTlsVerify: true },
    },
    {
      name: 'data rather than the file',
      parts: {
        cluster: {
          'certificate-authority': '/ca.pem',
          'certificate-authority-data': base64('PEM'),
        },
      },
      expected: { ca: { data: 'PEM', file: undefined, field: 'certificate-authority-data' } },
    },
    {
      name: 'data over several lines',
      parts: { cluster: { 'certificate-authority-data': 'UE\r\nVN\n' } },
      expected: { ca: { data: 'PEM', file: undefined, field: 'certificate-authority-data' } },
    },
    {
      name: 'a client certificate',
      parts: { user: { 'client-certificate': '/c.pem', 'client-key-data': base64('KEY') } },
      expected: {
        clientCertificate: {
          cert: { file: '/c.pem', data: undefined },
          key: { data: 'KEY', file: undefined, field: 'client-key-data' },
        },
      },
    },
    {
      name: 'a token and a token file',
      parts: { user: { token: 'abc', tokenFile: 'token' } },
      expected: { token: 'abc', tokenFile: '/home/me/token' },
    },
    {
      name: 'a plugin beside the file, by its path',
      parts: { user: { exec: { command: './login', apiVersion: 'v1' } } },
      expected: { exec: { command: '/home/me/login', apiVersion: 'v1' } },
    },
    {
      name: 'a plugin on the search path',
      parts: { user: { exec: { command: 'aws' } } },
      expected: { exec: { command: 'aws' } },
    },
    {
      name: 'a provider',
      parts: { user: { 'auth-provider': { name: 'oidc' } } },
      expected: { authProvider: { name: 'oidc' } },
    },
    {
      name: 'no credentials for a server without TLS',
      parts: {
        cluster: { server: 'http://localhost:8001', 'certificate-authority': 'ca.pem' },
        user: { token: 'abc', exec: { command: 'aws' } },
      },
      expected: { server: 'http://localhost:8001' },
    },
    {
      name: 'a context without user',
      parts: { context: { user: '' } },
      expected: { userName: '' },
    },
  ])('reads $name', ({ parts, expected }) => {
    expect(parseKubeconfig(aKubeconfig(parts), '/home/me')).toEqual({ ...NOTHING, ...expected });
  });

  test.each([
    { name: 'no document', document: undefined, problem: 'expected a kubeconfig' },
    { name: 'a text', document: 'hello', problem: 'expected a kubeconfig' },
    {
      name: 'no current context',
      document: aKubeconfig({ top: { 'current-context': '' } }),
      problem: 'expected a current-context, got none',
    },
    {
      name: 'a context that is not there',
      document: aKubeconfig({ top: { 'current-context': 'y' } }),
      problem: 'expected a context named "y", got "x"',
    },
    {
      name: 'a cluster that is not there',
      document: aKubeconfig({ context: { cluster: 'd' } }),
      problem: 'expected a cluster named "d", got "other", "c"',
    },
    {
      name: 'a user that is not there',
      document: aKubeconfig({ top: { users: [] } }),
      problem: 'expected a user named "u", got none at all',
    },
    {
      name: 'a server that is none',
      document: aKubeconfig({ cluster: { server: 'ftp://x' } }),
      problem: 'expected the cluster\'s server as https://host:port, got "ftp://x"',
    },
    {
      name: 'a certificate without key',
      document: aKubeconfig({ user: { 'client-certificate': 'c' } }),
      problem: 'expected client-certificate and client-key together',
    },
    {
      name: 'a CA that is not to be used',
      document: aKubeconfig({
        cluster: { 'certificate-authority': 'ca', 'insecure-skip-tls-verify': true },
      }),
      problem: 'expected either a certificate-authority or insecure-skip-tls-verify',
    },
    {
      name: 'data that are not base64',
      document: aKubeconfig({ cluster: { 'certificate-authority-data': '-----BEGIN' } }),
      problem: 'expected base64 in certificate-authority-data, got something else',
    },
    {
      name: 'data that are cut short',
      document: aKubeconfig({ user: { 'client-certificate-data': 'AAA', 'client-key': 'k' } }),
      problem: 'expected base64 in client-certificate-data, got something else',
    },
    {
      name: 'a plugin without command',
      document: aKubeconfig({ user: { exec: {} } }),
      problem: 'expected a command of the exec plugin',
    },
    {
      name: 'a proxy',
      document: aKubeconfig({ cluster: { 'proxy-url': 'http://proxy' } }),
      problem: 'expected a cluster without proxy-url, which is not supported here',
    },
    {
      name: 'an impersonated user',
      document: aKubeconfig({ user: { as: 'admin' } }),
      problem: 'expected a user without as, which is not supported here',
    },
  ])('refuses $name', ({ document, problem }) => {
    expect(() => parseKubeconfig(document, '/home/me')).toThrow(problem);
  });
});
