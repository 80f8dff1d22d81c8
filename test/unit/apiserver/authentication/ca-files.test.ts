import { rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CaFile } from '../../../../src/apiserver/authentication/ca-files.ts';
import { LogRecorder } from '../../../support/log-recorder.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { Scratch } from '../listener.ts';
import { clientCa, frontProxyCa } from './peers.ts';

const PURPOSE = { purpose: 'unable to load client CA provider', bundle: 'client-ca-bundle' };

describe('CaFile', () => {
  test('follows its file, and keeps the last good text when that goes bad', async () => {
    using scratch = new Scratch();
    const log = new LogRecorder();
    const path = scratch.file('ca.crt');
    writeFileSync(path, clientCa.certPem);
    using file = await CaFile.open(path, PURPOSE, log);
    expect([file.pem, file.generation]).toEqual([clientCa.certPem, 1]);

    writeFileSync(path, frontProxyCa.certPem);
    await waitFor(() => file.generation === 2);
    expect(file.pem).toBe(frontProxyCa.certPem);

    writeFileSync(path, 'garbage');
    await waitFor(() => log.told.length === 2);
    rmSync(path);
    await waitFor(() => log.told.length === 3);
    expect([file.pem, file.generation]).toEqual([frontProxyCa.certPem, 2]);

    writeFileSync(path, clientCa.certPem);
    await waitFor(() => file.generation === 3);
    expect(log.told).toEqual([
      'info Reloaded a CA bundle',
      'warn Kept the last good CA bundle of a file',
      'warn Kept the last good CA bundle of a file',
      'info Reloaded a CA bundle',
    ]);
  });

  test('a file that is not there is fatal, in upstream’s words', async () => {
    await expect(CaFile.open('/nope', PURPOSE, new LogRecorder())).rejects.toThrow(
      /^unable to load client CA provider: open \/nope: no such file or directory$/,
    );
  });

  test('so is a folder, and a file without certificates', async () => {
    using scratch = new Scratch();
    writeFileSync(scratch.file('empty'), '');

    await expect(CaFile.open(scratch.path, PURPOSE, new LogRecorder())).rejects.toThrow(
      /^unable to load client CA provider: read .*: illegal operation on a directory$/,
    );
    await expect(CaFile.open(scratch.file('empty'), PURPOSE, new LogRecorder())).rejects.toThrow(
      /^unable to load client CA provider: missing content for CA bundle "client-ca-bundle::.*\/empty"$/,
    );
    writeFileSync(scratch.file('text'), 'nothing like it');
    await expect(CaFile.open(scratch.file('text'), PURPOSE, new LogRecorder())).rejects.toThrow(
      /\/text: data does not contain any valid RSA or ECDSA certificates$/,
    );
  });
});
