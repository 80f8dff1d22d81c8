import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../src/simulator/kube-object.ts';
import { API_SERVICES, NODES, PODS } from '../../../src/simulator/resource-type.ts';
import { formatAge, toTable } from '../../../src/simulator/tables.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const CONTEXT = { version: 'v1', nowMs: NOW_MS, metadata: {} } as const;

function cellsOf(table: object): unknown {
  return (table as { rows: { cells: unknown[] }[] }).rows[0]?.cells;
}

describe('toTable', () => {
  test('prints a node as kubectl shows it', () => {
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'n1',
        creationTimestamp: '2026-11-20T00:00:00Z',
        labels: { 'node-role.kubernetes.io/control-plane': '' },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        nodeInfo: { kubeletVersion: 'v1.36.3', osImage: 'Linux' },
      },
    };

    expect(cellsOf(toTable(NODES, [node], CONTEXT))).toEqual([
      'n1',
      'Ready,SchedulingDisabled',
      'control-plane',
      '36h',
      'v1.36.3',
      '127.0.0.1',
      '<none>',
      'Linux',
      '<unknown>',
      '<unknown>',
    ]);
  });

  test.each([
    ['Unknown', 'NotReady'],
    ['False', 'NotReady'],
  ])('prints a node whose Ready is %s as %s', (status, word) => {
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1' },
      status: { conditions: [{ type: 'Ready', status }] },
    };

    expect(cellsOf(toTable(NODES, [node], CONTEXT))).toEqual(expect.arrayContaining([word]));
  });

  test('prints a crashing pod with its restarts', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'a', creationTimestamp: '2026-11-21T11:55:30Z' },
      spec: { nodeName: 'n1', containers: [{ name: 'a' }, { name: 'b' }] },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        containerStatuses: [
          { ready: true, restartCount: 0, state: { running: {} } },
          {
            ready: false,
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { finishedAt: '2026-11-21T11:59:00Z' } },
          },
        ],
      },
    };

    expect(cellsOf(toTable(PODS, [pod], CONTEXT))).toEqual([
      'p',
      '1/2',
      'CrashLoopBackOff',
      '3 (60s ago)',
      '4m30s',
      '10.0.0.1',
      'n1',
      '<none>',
      '<none>',
    ]);
  });

  test.each([
    [{ version: 'v1' }, [{ type: 'Available', status: 'True', reason: 'Local' }], 'Local', 'True'],
    [
      { service: { namespace: 'kube-system', name: 'metrics-server' } },
      [{ type: 'Available', status: 'False', reason: 'MissingEndpoints' }],
      'kube-system/metrics-server',
      'False (MissingEndpoints)',
    ],
    [{}, [], 'Local', 'Unknown'],
  ])('prints an APIService with %j', (spec, conditions, service, available) => {
    const object = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'x', creationTimestamp: '2026-11-21T11:59:59Z' },
      spec,
      status: { conditions },
    } satisfies KubeObject & { spec: unknown; status: unknown };

    expect(cellsOf(toTable(API_SERVICES, [object], CONTEXT))).toEqual([
      'x',
      service,
      available,
      '1s',
    ]);
  });
});

describe('formatAge', () => {
  test.each([
    [-5000, '<invalid>'],
    [0, '0s'],
    [119_999, '119s'],
    [120_000, '2m'],
    [270_000, '4m30s'],
    [600_000, '10m'],
    [3 * 3_600_000, '3h'],
    [3.5 * 3_600_000, '3h30m'],
    [36 * 3_600_000, '36h'],
    [50 * 3_600_000, '2d2h'],
    [30 * 86_400_000, '30d'],
    [800 * 86_400_000, '2y70d'],
    [3650 * 86_400_000, '10y'],
  ])('prints %d ms as %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});
