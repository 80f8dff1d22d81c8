import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { openCertificateFiles } from '../../../src/apiserver/certificate-source.ts';
import type { CertificateAndKey } from '../../../src/pki/certificate.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { waitFor } from '../../support/wait-for.ts';
import { Scratch, get, handshake, listen, servingCa } from './listener.ts';

const [one, two] = ['one', 'two'].map((commonName) =>
  servingCa.issue({ commonName, ipAddresses: ['127.0.0.1'], usages: ['serverAuth'] }),
) as [CertificateAndKey, CertificateAndKey];

afterEach(() => {
  jest.useRealTimers();
});

async function open(
  scratch: Scratch,
  cert = one.certPem,
  key = one.keyPem,
  log = new LogRecorder(),
) {
  writeFileSync(scratch.file('tls.crt'), cert);
  writeFileSync(scratch.file('tls.key'), key);
  return openCertificateFiles(scratch.file('tls.crt'), scratch.file('tls.key'), log);
}

describe('openCertificateFiles, at the start', () => {
  test('takes a pair, with intermediates after the leaf', async () => {
    using scratch = new Scratch();
    using source = await open(scratch, one.certPem + servingCa.certPem);

    expect(source.current()).toEqual({ cert: one.certPem + servingCa.certPem, key: one.keyPem });
  });

  test.each([
    {
      name: 'a certificate that belongs to another key',
      cert: two.certPem,
      key: one.keyPem,
      message: 'tls: private key does not match public key',
    },
    {
      name: 'no certificate',
      cert: one.keyPem,
      key: one.keyPem,
      message: 'tls: failed to find any PEM data in certificate input',
    },
    {
      name: 'no key',
      cert: one.certPem,
      key: '',
      message: 'tls: failed to find any PEM data in key input',
    },
    {
      name: 'a broken certificate',
      cert: one.certPem.replace(/\n.{8}/, '\nAAAAAAAA'),
      key: one.keyPem,
      message: 'tls: failed to parse certificate',
    },
    {
      name: 'a broken key',
      cert: one.certPem,
      key: one.keyPem.replace(/\n.{8}/, '\nAAAAAAAA'),
      message: 'tls: failed to parse private key',
    },
  ])('refuses $name', async ({ cert, key, message }) => {
    using scratch = new Scratch();

    await expect(open(scratch, cert, key)).rejects.toThrow(expect.objectContaining({ message }));
  });

  test('names a file that is not there, in Go’s words', async () => {
    await expect(openCertificateFiles('/nope', '/nope.key', new LogRecorder())).rejects.toThrow(
      /^open \/nope(\.key)?: no such file or directory$/,
    );
  });

  test.each([
    ['', 'b'],
    ['a', ''],
  ])('wants both files: "%s", "%s"', async (cert, key) => {
    await expect(openCertificateFiles(cert, key, new LogRecorder())).rejects.toThrow(
      'missing filename for serving cert',
    );
  });
});

describe('openCertificateFiles, later on', () => {
  /** The last line of a turned link: the Secret's folder is replaced whole. */
  test('follows a Secret whose folder is replaced through a link', async () => {
    using scratch = new Scratch();
    const write = (version: string, pair: CertificateAndKey): void => {
      mkdirSync(scratch.file(version));
      writeFileSync(scratch.file(`${version}/tls.crt`), pair.certPem);
      writeFileSync(scratch.file(`${version}/tls.key`), pair.keyPem);
      symlinkSync(version, scratch.file('..data_tmp'));
      renameSync(scratch.file('..data_tmp'), scratch.file('..data'));
    };
    write('..v1', one);
    for (const name of ['tls.crt', 'tls.key']) {
      symlinkSync(`..data/${name}`, scratch.file(name));
    }
    using source = await openCertificateFiles(
      scratch.file('tls.crt'),
      scratch.file('tls.key'),
      new LogRecorder(),
    );

    write('..v2', two);

    await waitFor(() => source.generation === 2);
    expect(source.current()).toEqual({ cert: two.certPem, key: two.keyPem });
  });

  test('serves the last good pair until the new one is whole', async () => {
    using scratch = new Scratch();
    const log = new LogRecorder();
    using source = await open(scratch, one.certPem, one.keyPem, log);

    writeFileSync(scratch.file('tls.crt'), two.certPem);
    await waitFor(() => log.told.length > 0);
    expect(source.current().cert).toBe(one.certPem);
    expect(source.generation).toBe(1);

    writeFileSync(scratch.file('tls.key'), two.keyPem);
    await waitFor(() => source.generation === 2);
    expect(source.current().cert).toBe(two.certPem);
    expect(log.told).toEqual([
      'warn Kept the last good serving certificate',
      'info Reloaded the serving certificate',
    ]);
  });

  test('looks every minute where the system tells nothing', async () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'setTimeout'] });
    using scratch = new Scratch();
    using source = await open(scratch);
    renameSync(scratch.path, `${scratch.path}-gone`);
    renameSync(`${scratch.path}-gone`, scratch.path);

    writeFileSync(scratch.file('tls.crt'), two.certPem);
    writeFileSync(scratch.file('tls.key'), two.keyPem);
    await jest.advanceTimersByTimeAsync(60_000);

    await waitFor(() => source.generation === 2);
    expect(source.current().cert).toBe(two.certPem);
  });
});

describe('a running server', () => {
  test('serves new connections with the new pair, and lets old connections live', async () => {
    using scratch = new Scratch();
    using source = await open(scratch);
    await using server = await listen((_request, response) => response.end('ok'), {
      certFile: scratch.file('tls.crt'),
      keyFile: scratch.file('tls.key'),
    });
    const old = await handshake(server.port);
    expect(old.getPeerX509Certificate()?.subject).toBe('CN=one');

    writeFileSync(scratch.file('tls.crt'), two.certPem);
    writeFileSync(scratch.file('tls.key'), two.keyPem);
    await waitFor(() => source.generation > 1);
    await waitFor(() => server.log.told.includes('info Reloaded the serving certificate'));

    const fresh = await handshake(server.port, { ca: servingCa.certPem, rejectUnauthorized: true });
    expect(fresh.getPeerX509Certificate()?.subject).toBe('CN=two');
    old.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const { promise: answer, resolve } = Promise.withResolvers<string>();
    old.once('data', (chunk: Buffer) => {
      resolve(chunk.toString());
    });
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK/);
    for (const socket of [old, fresh]) socket.destroy();
  });

  test('chooses by the name that the client dials', async () => {
    using scratch = new Scratch();
    const write = (name: string, dnsNames: string[]) => {
      const pair = servingCa.issue({
        commonName: name,
        dnsNames,
        usages: ['serverAuth'],
        key: 'ec',
      });
      writeFileSync(scratch.file(`${name}.crt`), pair.certPem);
      writeFileSync(scratch.file(`${name}.key`), pair.keyPem);
      return { certFile: scratch.file(`${name}.crt`), keyFile: scratch.file(`${name}.key`) };
    };
    await using server = await listen((_request, response) => response.end('ok'), {
      sniCertificates: [
        { ...write('exact', ['*.b.example']), names: ['A.example', 'x.b.example'] },
        { ...write('own', ['*.b.example', 'c.example']), names: [] },
        { ...write('late', ['c.example']), names: [] },
      ],
    });
    const nameFor = async (servername: string): Promise<string | undefined> => {
      const socket = await handshake(server.port, { servername });
      const subject = socket.getPeerX509Certificate()?.subject;
      socket.destroy();
      return subject;
    };

    expect(await nameFor('a.EXAMPLE')).toBe('CN=exact');
    expect(await nameFor('x.b.example')).toBe('CN=exact');
    expect(await nameFor('y.b.example')).toBe('CN=own');
    expect(await nameFor('y.y.b.example')).toBe('CN=metrics-server');
    expect(await nameFor('c.example')).toBe('CN=own');
    expect(await nameFor('late')).toBe('CN=late');
    expect(await nameFor('elsewhere.example')).toBe('CN=metrics-server');
    expect((await get(server.port)).body).toBe('ok');
  });

  test('does not start with a name’s pair that is broken', async () => {
    const sniCertificates = [{ certFile: '/nope', keyFile: '/nope', names: ['a'] }];

    await expect(listen(() => undefined, { sniCertificates })).rejects.toThrow(
      'failed to load SNI cert and key: open /nope: no such file or directory',
    );
  });
});
