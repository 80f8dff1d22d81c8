import { describe, expect, test } from '@jest/globals';
import {
  complaintsIn,
  connectionsTo,
  parseProcessStatus,
  parseTasks,
  probesOf,
} from '../../../e2e/in-cluster/container-process.ts';

const STATUS = `Name:\tMainThread
Umask:\t0022
Uid:\t1000\t1000\t1000\t1000
Gid:\t0\t0\t0\t0
Groups:\t0
CapInh:\t0000000000000000
CapPrm:\t0000000000000000
CapEff:\t0000000000000400
CapBnd:\t000001fffeffffff
CapAmb:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
`;

describe('parseProcessStatus', () => {
  test('reads who a process is and what it may', () => {
    expect(parseProcessStatus(STATUS)).toEqual({
      uids: [1000, 1000, 1000, 1000],
      gids: [0, 0, 0, 0],
      groups: [0],
      capabilities: new Map([
        ['CapInh', 0n],
        ['CapPrm', 0n],
        ['CapEff', 0x400n],
        ['CapBnd', 0x1fffeffffffn],
        ['CapAmb', 0n],
      ]),
      noNewPrivileges: true,
      seccomp: 2,
    });
  });

  test.each(['Uid', 'CapBnd', 'NoNewPrivs', 'Seccomp'])('complains without %s', (name) => {
    const text = STATUS.replace(new RegExp(`^${name}:.*\\n`, 'm'), '');
    expect(() => parseProcessStatus(text)).toThrow(`/proc/PID/status has no line "${name}"`);
  });
});

describe('parseTasks', () => {
  test('reads the processes of containers that run', () => {
    const text = [
      'TASK      PID     STATUS    ',
      'aa01      1234    RUNNING',
      'bb02      1300    STOPPED',
      'cc03      99      RUNNING',
      '',
    ].join('\n');
    expect(parseTasks(text)).toEqual(
      new Map([
        ['aa01', 1234],
        ['cc03', 99],
      ]),
    );
  });
});

describe('connectionsTo', () => {
  const RULES = [
    '[3:180] -A KUBE-SERVICES -d 10.0.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-AAAA',
    '[12:720] -A KUBE-SERVICES -d 10.0.0.9/32 -p tcp -m comment --comment "kube-system/metrics-server:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-BBBB',
    '[7:420] -A KUBE-SERVICES -d 10.0.0.8/32 -p tcp -m tcp --dport 443 -j REJECT',
  ].join('\n');

  test.each([
    ['10.0.0.9', 443, 12],
    ['10.0.0.1', 443, 3],
    ['10.0.0.9', 80, undefined],
    ['10.0.0.8', 443, undefined],
    ['10.0.0.90', 443, undefined],
  ])('%s:%d was led on %s times', (address, port, count) => {
    expect(connectionsTo(RULES, address, port)).toBe(count);
  });
});

describe('probesOf', () => {
  test('counts the probes of one pod by their kind and result', () => {
    const line = (pod: string, kind: string, result: string, count: number): string =>
      `prober_probe_total{container="c",namespace="n",pod="${pod}",pod_uid="u",probe_type="${kind}",result="${result}"} ${count}`;
    const page = [
      '# TYPE prober_probe_total counter',
      line('ours', 'Liveness', 'successful', 3),
      line('ours', 'Readiness', 'failed', 1),
      line('other', 'Liveness', 'failed', 9),
      '',
    ].join('\n');
    expect(probesOf(page, 'ours')).toEqual(
      new Map([
        ['Liveness successful', 3],
        ['Readiness failed', 1],
      ]),
    );
  });
});

describe('complaintsIn', () => {
  test('finds warnings, errors and what is in another format among what is said', () => {
    const log = [
      'I0101 00:00:00.000000       1 server.js:1] "Serving securely"',
      'W0101 00:00:01.000000       1 a.js:1] "Slow"',
      'E0101 00:00:02.000000       1 b.js:1] "Broken" err="I0101 00:00:00"',
      'node:internal/process: no klog at all',
      '',
    ].join('\n');
    expect(complaintsIn(log).map((line) => line[0])).toEqual(['W', 'E', 'n']);
  });
});
