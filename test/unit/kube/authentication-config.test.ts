import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { AuthenticationConfigInformer } from '../../../src/kube/authentication-config.ts';
import { KubeError } from '../../../src/kube/kube-error.ts';
import { newAuthority } from '../../support/api-server.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { OpenClient } from '../../support/open-client.ts';
import { waitFor } from '../../support/wait-for.ts';

const CLIENT_CA = newAuthority('client-ca').certPem;
const OTHER_CA = newAuthority('other-ca').certPem;
const PROXY_CA = newAuthority('front-proxy-ca').certPem;

const HEADERS = {
  'requestheader-allowed-names': '["front-proxy-client"]',
  'requestheader-username-headers': '["X-Remote-User"]',
  'requestheader-uid-headers': '["X-Remote-Uid"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
};
const DATA = {
  'client-ca-file': CLIENT_CA,
  'requestheader-client-ca-file': PROXY_CA,
  ...HEADERS,
};
const REQUEST_HEADER = {
  caPem: PROXY_CA,
  allowedNames: ['front-proxy-client'],
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

let client: OpenClient;
let log: LogRecorder;
let config: AuthenticationConfigInformer;

beforeEach(() => {
  client = new OpenClient();
  log = new LogRecorder();
  config = new AuthenticationConfigInformer({
    client,
    clock: systemClock,
    log,
    random: () => 0,
    timing: {
      backoff: { minMs: 5, maxMs: 5 },
      unreachableBackoff: { minMs: 5, maxMs: 5 },
    },
  });
  config.start();
});

afterEach(async () => {
  await config[Symbol.asyncDispose]();
});

function configMap(data: object, name = 'extension-apiserver-authentication'): object {
  return { metadata: { name, namespace: 'kube-system', resourceVersion: '1' }, data };
}

/** Waits until everything put so far has been read. */
async function read(): Promise<void> {
  await waitFor(() => client.idle);
}

describe('AuthenticationConfigInformer', () => {
  test('reads whom to believe', async () => {
    client.list(['ADDED', configMap(DATA)]);

    await config.whenSynced(AbortSignal.timeout(20_000));

    expect(config.current()).toEqual({ clientCaPem: CLIENT_CA, requestHeader: REQUEST_HEADER });
    expect(config.generation).toBe(1);
    expect(client.requests[0]?.path).toMatch(
      /^\/api\/v1\/namespaces\/kube-system\/configmaps\?.*fieldSelector=metadata\.name%3Dextension-apiserver-authentication/,
    );
  });

  test('does with nothing while there is none, and begins when it comes', async () => {
    client.list();
    await config.whenSynced(AbortSignal.timeout(20_000));
    expect(config.current()).toEqual({ clientCaPem: undefined, requestHeader: undefined });

    client.put(['ADDED', configMap(DATA)]);

    await waitFor(() => config.generation === 1);
    expect(config.current().clientCaPem).toBe(CLIENT_CA);
    expect(log.told).toEqual([]);
  });

  test('follows a rotated CA, and gives the same object until something changes', async () => {
    client.list(['ADDED', configMap(DATA)]);
    await config.whenSynced(AbortSignal.timeout(20_000));
    const before = config.current();

    client.put(['MODIFIED', configMap(DATA)]);
    await read();
    expect(config.current()).toBe(before);
    client.put(['MODIFIED', configMap({ ...DATA, 'client-ca-file': CLIENT_CA + OTHER_CA })]);
    await read();

    expect(config.current()).toEqual({ ...before, clientCaPem: CLIENT_CA + OTHER_CA });
    expect(config.generation).toBe(2);
  });

  test.each([
    { name: 'is deleted', event: ['DELETED', configMap(DATA)] as const },
    { name: 'loses its bundles', event: ['MODIFIED', configMap(HEADERS)] as const },
    {
      name: 'has bundles that are none',
      event: [
        'MODIFIED',
        configMap({
          ...HEADERS,
          'client-ca-file': 'nonsense',
          'requestheader-client-ca-file':
            '-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n',
        }),
      ] as const,
    },
    {
      name: 'has one list that is no JSON',
      event: [
        'MODIFIED',
        configMap({
          ...DATA,
          'requestheader-allowed-names': '["other"]',
          'requestheader-group-headers': 'X-Remote-Group',
        }),
      ] as const,
    },
    {
      name: 'has one list with something else than texts',
      event: [
        'MODIFIED',
        configMap({ ...DATA, 'requestheader-username-headers': '["X-Remote-User", 7]' }),
      ] as const,
    },
  ])('keeps the last good values when it $name', async ({ event }) => {
    client.list(['ADDED', configMap(DATA)]);
    await config.whenSynced(AbortSignal.timeout(20_000));

    client.put(event);
    await read();

    expect(config.current()).toEqual({ clientCaPem: CLIENT_CA, requestHeader: REQUEST_HEADER });
    expect(config.generation).toBe(1);
  });

  test('keeps the last good values when a new list does not show it', async () => {
    client.list(['ADDED', configMap(DATA)]);
    client.put(['ERROR', { code: 410, reason: 'Expired' }]);
    await waitFor(() => client.requests.length === 2);
    client.list();
    await read();

    expect(config.current().requestHeader).toEqual(REQUEST_HEADER);
  });

  test('takes missing lists for empty ones: any name, no headers', async () => {
    client.list(['ADDED', configMap({ 'requestheader-client-ca-file': PROXY_CA })]);

    await config.whenSynced(AbortSignal.timeout(20_000));

    expect(config.current().requestHeader).toEqual({
      caPem: PROXY_CA,
      allowedNames: [],
      usernameHeaders: [],
      uidHeaders: [],
      groupHeaders: [],
      extraHeaderPrefixes: [],
    });
  });

  test('believes no headers when the lists have never made sense', async () => {
    client.list(['ADDED', configMap({ ...DATA, 'requestheader-allowed-names': '[' })]);

    await config.whenSynced(AbortSignal.timeout(20_000));

    expect(config.current()).toEqual({ clientCaPem: CLIENT_CA, requestHeader: undefined });
    expect(log.told).toEqual([
      'warn Could not use request headers of ConfigMap, kept the last good ones',
    ]);
  });

  test('does not believe a neighbour', async () => {
    client.list(['ADDED', configMap(DATA, 'kube-root-ca.crt')]);

    await config.whenSynced(AbortSignal.timeout(20_000));

    expect(config.current().clientCaPem).toBeUndefined();
  });

  test('waits for the right to read it, and says what is missing', async () => {
    client.refusal = new KubeError('configmaps is forbidden', {
      kind: 'status',
      status: 403,
      reason: 'Forbidden',
    });
    client.put(['ERROR', { code: 403, reason: 'Forbidden' }]); // ends the watch that had begun
    await waitFor(() => client.requests.length > 3);
    expect(config.synced).toBe(false);
    expect(log.told).toEqual(['error Not allowed to follow resource']);
    expect(log.lines[0]?.fields['remedy']).toContain('extension-apiserver-authentication-reader');

    client.refusal = undefined;
    client.list(['ADDED', configMap(DATA)]);

    await config.whenSynced(AbortSignal.timeout(20_000));
    expect(config.current().clientCaPem).toBe(CLIENT_CA);
  });
});
