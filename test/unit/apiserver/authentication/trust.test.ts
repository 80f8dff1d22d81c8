import { describe, expect, test } from '@jest/globals';
import { type ClusterTrust, TrustStore } from '../../../../src/apiserver/authentication/trust.ts';
import { LogRecorder } from '../../../support/log-recorder.ts';
import { clientCa, frontProxyCa, strangerCa } from './peers.ts';

const NAMES = {
  allowedNames: ['front-proxy-client'],
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: [],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

/** A ConfigMap that the test changes. */
class FakeCluster implements ClusterTrust {
  generation = 0;
  #said: ReturnType<ClusterTrust['current']> = { clientCaPem: undefined, requestHeader: undefined };

  current() {
    return this.#said;
  }

  say(clientCaPem: string | undefined, requestHeaderCaPem?: string, names = NAMES): void {
    this.#said = {
      clientCaPem,
      requestHeader:
        requestHeaderCaPem === undefined ? undefined : { caPem: requestHeaderCaPem, ...names },
    };
    this.generation += 1;
  }
}

function store(sources: Partial<ConstructorParameters<typeof TrustStore>[0]>) {
  const log = new LogRecorder();
  const trust = new TrustStore(
    { cluster: undefined, clientCaFile: undefined, requestHeaderFile: undefined, ...sources },
    log,
  );
  return { trust, log };
}

describe('TrustStore', () => {
  test('trusts nobody until the cluster has spoken', () => {
    const cluster = new FakeCluster();
    const { trust } = store({ cluster });

    expect(trust.current()).toEqual({ clientCa: undefined, requestHeader: undefined });
    expect(trust.certificates()).toEqual([]);

    cluster.say(clientCa.certPem, frontProxyCa.certPem);
    expect(trust.current().clientCa?.certificates).toEqual([clientCa.certPem]);
    expect(trust.current().requestHeader).toEqual({
      ca: expect.objectContaining({ certificates: [frontProxyCa.certPem] }) as unknown,
      ...NAMES,
    });
    expect(trust.certificates()).toEqual([clientCa.certPem, frontProxyCa.certPem]);
  });

  test('gives the same object, and the same bundle, until something changes', () => {
    const cluster = new FakeCluster();
    cluster.say(clientCa.certPem, frontProxyCa.certPem);
    const { trust } = store({ cluster });
    const first = trust.current();
    const generation = trust.generation;

    expect(trust.current()).toBe(first);

    cluster.say(strangerCa.certPem, frontProxyCa.certPem);
    expect(trust.current()).not.toBe(first);
    expect(trust.generation).toBeGreaterThan(generation);
    expect(trust.current().requestHeader?.ca).toBe(first.requestHeader?.ca);
  });

  test.each([
    ['is gone', undefined],
    ['is empty', ''],
    ['cannot be read', 'garbage'],
  ])('keeps the last good bundle when it %s', (_name, pem) => {
    const cluster = new FakeCluster();
    cluster.say(clientCa.certPem, frontProxyCa.certPem);
    const { trust } = store({ cluster });
    const before = trust.current();

    cluster.say(pem, pem ?? '');

    expect(trust.current().clientCa).toBe(before.clientCa);
    expect(trust.current().requestHeader?.ca).toBe(before.requestHeader?.ca);
  });

  test('reports a bundle that cannot be read once', () => {
    const cluster = new FakeCluster();
    const { trust, log } = store({ cluster });
    for (let turn = 0; turn < 3; turn++) {
      cluster.say('garbage');
      trust.current();
    }

    expect(log.told).toEqual(['warn Ignored a CA bundle that cannot be read']);
  });

  test('new names of headers are used with the bundle that stays', () => {
    const cluster = new FakeCluster();
    cluster.say(clientCa.certPem, frontProxyCa.certPem);
    const { trust } = store({ cluster });
    trust.current();

    cluster.say(clientCa.certPem, 'garbage', { ...NAMES, usernameHeaders: ['X-New'] });

    expect(trust.current().requestHeader).toMatchObject({ usernameHeaders: ['X-New'] });
  });

  test('--client-ca-file replaces the cluster’s client authorities only', () => {
    const cluster = new FakeCluster();
    cluster.say(clientCa.certPem, frontProxyCa.certPem);
    const { trust } = store({ cluster, clientCaFile: { generation: 1, pem: strangerCa.certPem } });

    expect(trust.current().clientCa?.certificates).toEqual([strangerCa.certPem]);
    expect(trust.current().requestHeader?.ca.certificates).toEqual([frontProxyCa.certPem]);
  });

  test('--requestheader-client-ca-file replaces all that the cluster says of request headers', () => {
    const cluster = new FakeCluster();
    cluster.say(clientCa.certPem, frontProxyCa.certPem);
    const file = { generation: 1, pem: strangerCa.certPem };
    const names = { ...NAMES, allowedNames: [], usernameHeaders: ['x-flag-user'] };
    const { trust } = store({ cluster, requestHeaderFile: { ...names, file } });

    expect(trust.current().requestHeader).toEqual({
      ca: expect.objectContaining({ certificates: [strangerCa.certPem] }) as unknown,
      ...names,
    });

    file.pem = frontProxyCa.certPem;
    file.generation = 2;
    expect(trust.current().requestHeader?.ca.certificates).toEqual([frontProxyCa.certPem]);
  });

  test('names an authority that signs both once', () => {
    const cluster = new FakeCluster();
    cluster.say(clientCa.certPem + frontProxyCa.certPem, frontProxyCa.certPem);

    expect(store({ cluster }).trust.certificates()).toEqual([
      clientCa.certPem,
      frontProxyCa.certPem,
    ]);
  });
});
