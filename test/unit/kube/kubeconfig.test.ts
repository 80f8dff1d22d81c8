import { beforeEach, describe, expect, test } from '@jest/globals';
import { execPath } from 'node:process';
import { loadCredentials } from '../../../src/kube/credentials.ts';
import type {
  CredentialsEnvironment,
  KubeCredentials,
} from '../../../src/kube/kube-credentials.ts';
import { newAuthority } from '../../support/api-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LogRecorder } from '../../support/log-recorder.ts';

const AUTHORITY = newAuthority('kube-ca');
const LEAF = AUTHORITY.issue({ commonName: 'me', usages: ['clientAuth'] });
const PATH = '/home/me/.kube/config';

let files: Map<string, string>;
let clock: FakeClock;
let environment: CredentialsEnvironment;

beforeEach(() => {
  files = new Map();
  clock = new FakeClock();
  environment = {
    env: {},
    readFile(path) {
      const text = files.get(path);
      if (text !== undefined) return Promise.resolve(text);
      const error = new Error(`ENOENT: no such file or directory, open '${path}'`);
      return Promise.reject(Object.assign(error, { code: 'ENOENT' }));
    },
    clock,
    log: new LogRecorder(),
  };
});

/** JSON is YAML, too. */
function load(user: object, cluster: object = {}): Promise<KubeCredentials> {
  files.set(
    PATH,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  return loadCredentials(PATH, environment);
}

/** A plugin that says this; `process.env` and `Date` are at its hand. */
function plugin(status: string): object {
  const script = `console.log(JSON.stringify({kind:'ExecCredential',status:${status}}))`;
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: execPath,
      args: ['-e', script],
      env: [{ name: 'SAID', value: 'by env' }],
    },
  };
}

describe('loadCredentials with a kubeconfig', () => {
  test('reads YAML with its anchors and comments', async () => {
    files.set(
      PATH,
      `# mine
apiVersion: v1
kind: Config
current-context: &name dev
contexts:
- name: *name
  context: {cluster: c, user: u}
clusters:
- name: c
  cluster:
    server: https://10.0.0.1:6443
    tls-server-name: kubernetes
users:
- name: u
  user:
    token: abc
`,
    );

    const credentials = await loadCredentials(PATH, environment);

    expect(credentials).toMatchObject({
      server: 'https://10.0.0.1:6443',
      tlsServerName: 'kubernetes',
    });
    await expect(credentials.token()).resolves.toBe('abc');
  });

  test('follows the files that it names', async () => {
    files.set('/home/me/.kube/ca.pem', AUTHORITY.certPem);
    files.set('/home/me/.kube/cert.pem', LEAF.certPem);
    files.set('/home/me/.kube/key.pem', LEAF.keyPem);
    files.set('/home/me/.kube/token', 'token-1\n');
    const credentials = await load(
      { tokenFile: 'token', 'client-certificate': 'cert.pem', 'client-key': 'key.pem' },
      { 'certificate-authority': 'ca.pem' },
    );
    expect(credentials.ca).toBe(AUTHORITY.certPem);
    expect(credentials.clientCertificate).toEqual({ certPem: LEAF.certPem, keyPem: LEAF.keyPem });
    await expect(credentials.token()).resolves.toBe('token-1');

    const renewed = AUTHORITY.issue({ commonName: 'me', usages: ['clientAuth'] });
    files.set('/home/me/.kube/cert.pem', renewed.certPem);
    files.set('/home/me/.kube/key.pem', renewed.keyPem);
    files.set('/home/me/.kube/token', 'token-2');
    clock.advance(60_000);

    await expect(credentials.token()).resolves.toBe('token-2');
    expect(credentials.clientCertificate?.certPem).toBe(renewed.certPem);
  });

  test('takes a token from an exec plugin, and knows when to ask it again', async () => {
    const credentials = await load(
      plugin(`{token: process.env.SAID.replace(' ', '-') + process.hrtime.bigint()}`),
    );
    const first = await credentials.token();
    expect(first).toMatch(/^by-env\d+$/);

    clock.advance(3_600_000); // it said nothing of an end
    await expect(credentials.token()).resolves.toBe(first);
    credentials.refreshToken();

    const second = await credentials.token();
    expect(second).toMatch(/^by-env\d+$/);
    expect(second).not.toBe(first);
    credentials.refreshToken(); // too soon after the last
    await expect(credentials.token()).resolves.toBe(second);
  });

  test('tells an exec plugin in which version to answer', async () => {
    const credentials = await load(
      plugin(`{token: JSON.parse(process.env.KUBERNETES_EXEC_INFO).apiVersion}`),
    );

    await expect(credentials.token()).resolves.toBe('client.authentication.k8s.io/v1');
  });

  test('takes a client certificate from an exec plugin', async () => {
    const status = { clientCertificateData: LEAF.certPem, clientKeyData: LEAF.keyPem };

    const credentials = await load(plugin(JSON.stringify(status)));

    expect(credentials.clientCertificate).toEqual({ certPem: LEAF.certPem, keyPem: LEAF.keyPem });
    await expect(credentials.token()).resolves.toBeUndefined();
  });

  test('takes the id token of OIDC', async () => {
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const idToken = `${part({ alg: 'RS256' })}.${part({ exp: 4_102_444_800 })}.signature`;
    const config = { 'id-token': idToken, 'client-id': 'me', 'idp-issuer-url': 'https://idp' };

    const credentials = await load({ 'auth-provider': { name: 'oidc', config } });

    await expect(credentials.token()).resolves.toBe(idToken);
  });

  test('sends nothing to a server without TLS', async () => {
    const credentials = await load({ token: 'abc' }, { server: 'http://127.0.0.1:8001' });

    expect(credentials.server).toBe('http://127.0.0.1:8001');
    await expect(credentials.token()).resolves.toBeUndefined();
  });

  test.each([
    {
      name: 'a file that is missing',
      text: undefined,
      problem: `unable to construct lister client config: stat ${PATH}: no such file or directory`,
    },
    {
      name: 'a file that is no YAML',
      text: 'a: [',
      problem: `unable to construct lister client config: Cannot use kubeconfig ${PATH}: `,
    },
    {
      name: 'an empty file',
      text: '',
      problem: `Cannot use kubeconfig ${PATH}: expected a document`,
    },
  ])('says what is wrong with $name', async ({ text, problem }) => {
    if (text !== undefined) files.set(PATH, text);

    await expect(loadCredentials(PATH, environment)).rejects.toThrow(problem);
  });

  test.each([
    {
      name: 'a CA file that is missing',
      user: {},
      cluster: { 'certificate-authority': 'ca.pem' },
      problem: /open '\/home\/me\/.kube\/ca.pem'/,
    },
    {
      name: 'a CA that is none',
      user: {},
      cluster: { 'certificate-authority-data': Buffer.from('nonsense').toString('base64') },
      problem:
        /Cannot use kubeconfig \/home\/me\/.kube\/config: certificate-authority-data: expected certificates as PEM, got no such block$/,
    },
    {
      name: 'a CA that cannot be read',
      user: {},
      cluster: {
        'certificate-authority-data': Buffer.from(
          '-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n',
        ).toString('base64'),
      },
      problem: /certificate-authority-data: expected certificates as PEM, got blocks that cannot/,
    },
    {
      name: 'a key that is none',
      user: {
        'client-certificate-data': Buffer.from(newAuthority('ca').certPem).toString('base64'),
        'client-key-data': Buffer.from('nonsense').toString('base64'),
      },
      cluster: {},
      problem: /\.kube\/config: client-key-data: expected a private key as PEM/,
    },
    {
      name: 'a plugin that is missing',
      user: { exec: { command: 'no-such-plugin-anywhere' } },
      cluster: {},
      problem: /Cannot get credentials from the exec plugin no-such-plugin-anywhere: .*ENOENT/,
    },
    {
      name: 'a plugin that fails',
      user: {
        exec: { command: execPath, args: ['-e', 'console.error("log in"); process.exit(1)'] },
      },
      cluster: {},
      problem: /Cannot get credentials from the exec plugin .*: log in$/,
    },
    {
      name: 'a plugin that says nothing',
      user: plugin('{}'),
      cluster: {},
      problem: /expected a token or a client certificate with its key, got neither/,
    },
    {
      name: 'OIDC whose token has ended and cannot be renewed',
      user: { 'auth-provider': { name: 'oidc', config: { 'id-token': 'e30.eyJleHAiOjF9.s' } } },
      cluster: {},
      problem: /Cannot get credentials from the auth-provider: expected a token/,
    },
  ])('names $name', async ({ user, cluster, problem }) => {
    await expect(load(user, cluster)).rejects.toThrow(problem);
  });
});
