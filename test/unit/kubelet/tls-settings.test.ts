import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { TlsSettings } from '../../../src/kubelet/tls-settings.ts';
import type { ApiTls, TlsConfig } from '../../../src/kubelet/tls-settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openClient } from '../../support/kubelet-client.ts';
import { newKubeletAuthority } from '../../support/kubelet-server.ts';
import { LogRecorder } from '../../support/log-recorder.ts';

const MINUTE_MS = 60_000;
const authority = newKubeletAuthority();
const other = newKubeletAuthority('other-ca');
const own = authority.issue({ commonName: 'metrics-server', usages: ['clientAuth'] });
const NO_FILES: TlsConfig = {
  insecureTls: false,
  caFile: '',
  clientCertFile: '',
  clientKeyFile: '',
};
const PAIR = { ...NO_FILES, clientCertFile: '/own.crt', clientKeyFile: '/own.key' };
const NO_API: ApiTls = {
  ca: undefined,
  insecureSkipTlsVerify: false,
  clientCertificate: undefined,
};

interface World {
  readonly files: Map<string, string>;
  readonly reads: string[];
  readonly clock: FakeClock;
  readonly log: LogRecorder;
  open(config: Partial<TlsConfig>, api?: Partial<ApiTls>): Promise<TlsSettings>;
}

function aWorld(files: Record<string, string> = {}): World {
  const world = {
    files: new Map(Object.entries(files)),
    reads: [] as string[],
    clock: new FakeClock(),
    log: new LogRecorder(),
  };
  return {
    ...world,
    open: (config, api = {}) =>
      TlsSettings.open({
        config: { ...NO_FILES, ...config },
        api: { ...NO_API, ...api },
        readFile: (path) => {
          world.reads.push(path);
          const text = world.files.get(path);
          return text === undefined ? readFile(path, 'utf8') : Promise.resolve(text);
        },
        clock: world.clock,
        log: world.log,
      }),
  };
}

describe('TlsSettings.open', () => {
  test.each([
    { name: 'CA', config: { caFile: '/nope' } },
    { name: 'certificate', config: { clientCertFile: '/nope', clientKeyFile: '/own.key' } },
    { name: 'key', config: { clientCertFile: '/own.crt', clientKeyFile: '/nope' } },
  ])('fails in Go’s words when the file of the $name is missing', async ({ config }) => {
    const world = aWorld({ '/own.crt': own.certPem, '/own.key': own.keyPem });

    await expect(world.open(config)).rejects.toThrow(/^open \/nope: no such file or directory$/);
  });

  test('fails in Go’s words when a file is a folder', async () => {
    await expect(aWorld().open({ caFile: '/' })).rejects.toThrow(
      /^read \/: illegal operation on a directory$/,
    );
  });

  test.each([
    { name: 'is empty', pem: '' },
    { name: 'is no PEM', pem: 'garbage' },
    { name: 'holds a key', pem: own.keyPem },
    {
      name: 'holds a broken certificate',
      pem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    },
  ])('fails when the CA file $name: nobody would be trusted', async ({ pem }) => {
    await expect(aWorld({ '/ca.crt': pem }).open({ caFile: '/ca.crt' })).rejects.toThrow(
      'unable to load root certificates: expected certificates as PEM in the CA /ca.crt, got none',
    );
  });

  test('takes the good certificates of a CA file, also behind a broken one', async () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const world = aWorld({ '/ca.crt': `# ours\n${broken}${authority.certPem}` });

    const settings = await world.open({ caFile: '/ca.crt' });

    expect(settings.current.isVerified).toBe(true);
  });

  test('fails when the key belongs to another certificate', async () => {
    const { keyPem } = other.issue({ commonName: 'x', usages: ['clientAuth'] });
    const world = aWorld({ '/own.crt': own.certPem, '/own.key': keyPem });

    await expect(world.open(PAIR)).rejects.toThrow(/key values mismatch/);
  });

  test('does not look at the CA when nothing is verified', async () => {
    const settings = await aWorld().open({ insecureTls: true }, { ca: 'garbage' });

    expect(settings.current.isVerified).toBe(false);
  });
});

describe('TlsSettings.refresh', () => {
  test('reads no file when none is named, and keeps the same settings', async () => {
    const world = aWorld();
    const settings = await world.open({}, { ca: authority.certPem });
    const before = settings.current;

    world.clock.advance(2 * MINUTE_MS);

    expect(settings.refresh()).toBeUndefined();
    expect(settings.current).toBe(before);
    expect(world.reads).toEqual([]);
  });

  test('reads the files once a minute, for all who wait', async () => {
    const world = aWorld({ '/ca.crt': authority.certPem });
    const settings = await world.open({ caFile: '/ca.crt' });
    const before = settings.current;

    world.clock.advance(MINUTE_MS - 1);
    expect(settings.refresh()).toBeUndefined();
    world.clock.advance(1);
    await Promise.all([settings.refresh(), settings.refresh(), settings.refresh()]);
    expect(settings.refresh()).toBeUndefined();

    expect(world.reads).toEqual(['/ca.crt', '/ca.crt']);
    expect(settings.current).toBe(before);
    expect(world.log.lines).toEqual([]);
  });

  test('takes up a new pair', async () => {
    const world = aWorld({ '/own.crt': own.certPem, '/own.key': own.keyPem });
    const settings = await world.open(PAIR);
    const before = settings.current;
    const next = authority.issue({ commonName: 'metrics-server', usages: ['clientAuth'] });

    world.files.set('/own.crt', next.certPem).set('/own.key', next.keyPem);
    world.clock.advance(MINUTE_MS);
    await settings.refresh();

    expect(settings.current).not.toBe(before);
    expect(world.log.told).toEqual(['info Changed the TLS settings for kubelets']);
  });

  test.each([
    { name: 'is gone', change: (files: Map<string, string>) => files.delete('/own.crt') },
    {
      name: 'does not fit its key yet',
      change: (files: Map<string, string>) =>
        files.set('/own.crt', authority.issue({ commonName: 'x', usages: ['clientAuth'] }).certPem),
    },
    {
      name: 'is half written',
      change: (files: Map<string, string>) => files.set('/own.crt', own.certPem.slice(0, 100)),
    },
  ])('keeps the last good settings while a certificate $name, and says so once', async (row) => {
    const world = aWorld({ '/own.crt': own.certPem, '/own.key': own.keyPem });
    const settings = await world.open(PAIR);
    const before = settings.current;

    row.change(world.files);
    for (let minute = 0; minute < 3; minute++) {
      world.clock.advance(MINUTE_MS);
      await settings.refresh();
    }
    expect(settings.current).toBe(before);
    expect(world.log.told).toEqual([
      'warn Could not use changed TLS settings for kubelets, kept the last good ones',
    ]);

    const next = authority.issue({ commonName: 'metrics-server', usages: ['clientAuth'] });
    world.files.set('/own.crt', next.certPem).set('/own.key', next.keyPem);
    world.clock.advance(MINUTE_MS);
    await settings.refresh();
    expect(settings.current).not.toBe(before);
  });

  test('keeps the last good settings when the CA of the API client turns bad', async () => {
    let ca = authority.certPem;
    const log = new LogRecorder();
    const api = {
      ...NO_API,
      get ca() {
        return ca;
      },
    };
    const settings = await TlsSettings.open({
      config: NO_FILES,
      api,
      readFile: () => Promise.reject(new Error('not expected')),
      clock: new FakeClock(),
      log,
    });
    const before = settings.current;

    ca = 'garbage';
    void settings.refresh();
    void settings.refresh();
    expect(settings.current).toBe(before);
    expect(log.told).toHaveLength(1);

    ca = other.certPem;
    void settings.refresh();
    expect(settings.current).not.toBe(before);
  });
});

describe('KubeletClient.open', () => {
  test('fails in upstream’s words when the CA file is missing', async () => {
    const opening = openClient(undefined, {
      config: { caFile: '/nope' },
      readFile: (path) => readFile(path, 'utf8'),
    });

    await expect(opening).rejects.toThrow(
      'unable to construct a client to connect to the kubelets: unable to construct transport: ' +
        'open /nope: no such file or directory',
    );
  });

  test('reads no files for plain HTTP', async () => {
    const { client } = await openClient(undefined, { config: { plainHttp: true } });

    client[Symbol.dispose]();
  });
});
