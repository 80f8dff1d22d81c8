import { expect, test } from '@jest/globals';
import { packagesIn } from '../../e2e/real-node/debian.ts';

test('packagesIn takes the names of what would be installed, in order', () => {
  const simulation = [
    'Reading package lists...',
    'The following NEW packages will be installed:',
    '  containerd runc',
    'Inst runc (1.1.5+ds1-1+deb12u1 Debian:12.15/oldstable [amd64])',
    'Inst libip6tc2:amd64 [1.8] (1.8.9-2 Debian:12.15/oldstable [amd64]) []',
    'Inst containerd (1.6.20~ds1-1+deb12u3 Debian:12.15/oldstable [amd64])',
    'Conf runc (1.1.5+ds1-1+deb12u1 Debian:12.15/oldstable [amd64])',
    '',
  ].join('\n');

  expect(packagesIn(simulation)).toEqual(['runc', 'libip6tc2:amd64', 'containerd']);
});
