import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { commandLine, ours, theirs } from '../../bench/contestant.ts';

const SURROUNDINGS = {
  port: 4443,
  certDir: '/tmp/certs',
  kubeletCa: '/tmp/ca.crt',
  kubeconfig: undefined,
};

describe('commandLine', () => {
  test('adds what both servers need', () => {
    expect(commandLine(theirs('/bin/peer --v=2'), SURROUNDINGS)).toEqual([
      '/bin/peer',
      '--v=2',
      '--bind-address=127.0.0.1',
      '--secure-port=4443',
      '--cert-dir=/tmp/certs',
      '--metric-resolution=15s',
      '--kubelet-use-node-status-port',
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-certificate-authority=/tmp/ca.crt',
    ]);
  });

  test('adds a kubeconfig for each purpose where there is no service account', () => {
    const words = commandLine(theirs('peer'), { ...SURROUNDINGS, kubeconfig: '/tmp/kubeconfig' });

    expect(words.filter((word) => word.includes('kubeconfig'))).toEqual([
      '--kubeconfig=/tmp/kubeconfig',
      '--authentication-kubeconfig=/tmp/kubeconfig',
      '--authorization-kubeconfig=/tmp/kubeconfig',
    ]);
  });

  test('fills in placeholders, and adds no flag that the command names itself', () => {
    const peer = theirs('peer --secure-port={port}  --cert-dir={cert-dir} --other={what}');
    const words = commandLine(peer, SURROUNDINGS);

    expect(words.slice(0, 4)).toEqual([
      'peer',
      '--secure-port=4443',
      '--cert-dir=/tmp/certs',
      '--other={what}',
    ]);
    expect(words.filter((word) => /^--(secure-port|cert-dir)=/.test(word))).toHaveLength(2);
  });

  test('starts ours as the image does', () => {
    const entry = { nodeFlags: ['--max-semi-space-size=4'], file: 'dist/main.js', env: {} };

    expect(commandLine(ours(entry, '/project/'), SURROUNDINGS).slice(0, 3)).toEqual([
      process.execPath,
      '--max-semi-space-size=4',
      '/project/dist/main.js',
    ]);
  });
});

describe('theirs', () => {
  test('refuses an empty command', () => {
    expect(() => theirs('  ')).toThrow('names no program');
  });
});
