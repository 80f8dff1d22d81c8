import { beforeEach, describe, expect, test } from '@jest/globals';
import { loadCredentials } from '../../../src/kube/credentials.ts';
import type { CredentialsEnvironment } from '../../../src/kube/kube-credentials.ts';
import { newAuthority } from '../../support/api-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LogRecorder } from '../../support/log-recorder.ts';

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const CA = newAuthority('kube-ca').certPem;
const NEW_CA = newAuthority('kube-ca').certPem;

let files: Map<string, string>;
let reads: string[];
let clock: FakeClock;
let log: LogRecorder;
let environment: CredentialsEnvironment;

beforeEach(() => {
  files = new Map([
    [`${ACCOUNT}/token`, 'token-1\n'],
    [`${ACCOUNT}/ca.crt`, CA],
  ]);
  reads = [];
  clock = new FakeClock();
  log = new LogRecorder();
  environment = {
    env: { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
    readFile(path) {
      reads.push(path);
      const text = files.get(path);
      if (text !== undefined) return Promise.resolve(text);
      const error = new Error(`ENOENT: no such file or directory, open '${path}'`);
      return Promise.reject(Object.assign(error, { code: 'ENOENT' }));
    },
    clock,
    log,
  };
});

describe('loadCredentials in a cluster', () => {
  test('reads two variables and two files', async () => {
    const credentials = await loadCredentials('', environment);

    expect(credentials).toMatchObject({
      server: 'https://10.96.0.1:443',
      ca: CA,
      insecureSkipTlsVerify: false,
      tlsServerName: undefined,
      clientCertificate: undefined,
    });
    await expect(credentials.token()).resolves.toBe('token-1');
  });

  test('brackets an IPv6 address', async () => {
    environment = {
      ...environment,
      env: { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' },
    };

    await expect(loadCredentials('', environment)).resolves.toMatchObject({
      server: 'https://[fd00::1]:6443',
    });
  });

  test('follows the files about once a minute', async () => {
    const credentials = await loadCredentials('', environment);
    files.set(`${ACCOUNT}/token`, 'token-2');
    files.set(`${ACCOUNT}/ca.crt`, NEW_CA);
    reads.length = 0;

    clock.advance(59_999);
    await expect(credentials.token()).resolves.toBe('token-1');
    expect(reads).toEqual([]);
    clock.advance(1);
    const tokens = await Promise.all([credentials.token(), credentials.token()]);

    expect(tokens).toEqual(['token-2', 'token-2']);
    expect(credentials.ca).toBe(NEW_CA);
    expect(reads.sort()).toEqual([`${ACCOUNT}/ca.crt`, `${ACCOUNT}/token`]);
  });

  test('reads the files at once when the token was refused', async () => {
    const credentials = await loadCredentials('', environment);
    files.set(`${ACCOUNT}/token`, 'token-2');

    credentials.refreshToken();

    await expect(credentials.token()).resolves.toBe('token-2');
  });

  test.each([
    { name: 'has gone', text: undefined },
    { name: 'is empty', text: ' \n' },
    { name: 'holds what no header can carry', text: 'two\nlines' },
  ])('keeps the last token when the file $name, and says so once', async ({ text }) => {
    const credentials = await loadCredentials('', environment);
    if (text === undefined) files.delete(`${ACCOUNT}/token`);
    else files.set(`${ACCOUNT}/token`, text);

    for (let minute = 0; minute < 3; minute++) {
      clock.advance(60_000);
      await expect(credentials.token()).resolves.toBe('token-1');
    }

    expect(log.told).toEqual(['warn Could not read credentials again, kept the last']);
    files.set(`${ACCOUNT}/token`, 'token-3');
    clock.advance(60_000);
    await expect(credentials.token()).resolves.toBe('token-3');
  });

  test('goes on without the CA of the cluster, as upstream, and says so', async () => {
    files.delete(`${ACCOUNT}/ca.crt`);

    const credentials = await loadCredentials('', environment);

    expect(credentials.ca).toBeUndefined();
    expect(log.told).toEqual([
      'warn Could not read the CA of the cluster, verified kube-apiserver with public CAs',
    ]);
  });

  test('says what is missing outside of a cluster', async () => {
    await expect(loadCredentials('', { ...environment, env: {} })).rejects.toThrow(
      'unable to construct lister client config: unable to load in-cluster configuration, ' +
        'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  });

  test('names the token file that is missing', async () => {
    files.delete(`${ACCOUNT}/token`);

    await expect(loadCredentials('', environment, 'authentication')).rejects.toThrow(
      /^failed to get delegated authentication kubeconfig: .*kubeconfig: .*expected the token of the pod's service account in .*\/token/,
    );
  });
});
