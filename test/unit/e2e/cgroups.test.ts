import { describe, expect, test } from '@jest/globals';
import { hierarchiesIn } from '../../e2e/real-node/cgroups.ts';

const OTHERS = [
  '22 27 0:21 / /proc rw,relatime - proc proc rw',
  '47 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
];

describe('hierarchiesIn', () => {
  test('takes a folder for each hierarchy of version 1, and the one of version 2 beside them', () => {
    const text = [
      ...OTHERS,
      '51 47 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
      '48 47 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct',
      '57 47 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
      '',
    ].join('\n');

    expect(hierarchiesIn(text)).toEqual([
      '/sys/fs/cgroup/cpu,cpuacct',
      '/sys/fs/cgroup/memory',
      '/sys/fs/cgroup/unified',
    ]);
  });

  test('takes the whole of version 2, once', () => {
    const line = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';

    expect(hierarchiesIn(`${OTHERS[0] ?? ''}\n${line}\n${line}\n`)).toEqual(['/sys/fs/cgroup']);
  });

  test('leaves out what is mounted elsewhere, and what is only named so', () => {
    const text = [
      '30 23 0:26 / /mnt/cgroup rw - cgroup2 cgroup2 rw',
      '31 23 0:27 / /sys/fs/cgroup/x rw - ext4 cgroup rw',
    ].join('\n');

    expect(hierarchiesIn(text)).toEqual([]);
  });
});
