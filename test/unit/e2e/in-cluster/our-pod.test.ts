import { describe, expect, test } from '@jest/globals';
import { podsOf } from '../../../e2e/in-cluster/our-pod.ts';

const POD = {
  metadata: { name: 'ours', uid: 'u' },
  spec: { containers: [{ name: 'metrics-server', image: 'metrics-server:0.1.0' }] },
  status: {
    containerStatuses: [
      {
        containerID: 'containerd://aa01',
        imageID: 'sha256:ff',
        ready: true,
        restartCount: 2,
        state: { running: { startedAt: '2026-01-01T00:00:05Z' } },
      },
    ],
  },
};

describe('podsOf', () => {
  test('reads a pod whose container runs', () => {
    expect(podsOf({ items: [POD] })).toEqual([
      {
        name: 'ours',
        uid: 'u',
        containerId: 'aa01',
        image: 'metrics-server:0.1.0',
        imageId: 'sha256:ff',
        isReady: true,
        isEnding: false,
        restarts: 2,
        startedMs: Date.UTC(2026, 0, 1, 0, 0, 5),
        exitCode: undefined,
      },
    ]);
  });

  test('reads a pod that ended', () => {
    const [pod] = podsOf({
      items: [
        {
          ...POD,
          metadata: { ...POD.metadata, deletionTimestamp: '2026-01-01T00:01:00Z' },
          status: { containerStatuses: [{ ready: false, state: { terminated: { exitCode: 0 } } }] },
        },
      ],
    });
    expect(pod).toMatchObject({ isReady: false, isEnding: true, exitCode: 0, containerId: '' });
    expect(pod?.startedMs).toBeNaN();
  });

  test('reads a pod that nobody has begun', () => {
    const [pod] = podsOf({ items: [{ ...POD, status: {} }] });
    expect(pod).toMatchObject({
      isReady: false,
      restarts: 0,
      containerId: '',
      exitCode: undefined,
    });
  });

  test('sorts by name', () => {
    const named = (name: string): object => ({ ...POD, metadata: { name } });
    const pods = podsOf({ items: [named('b'), named('a')] });
    expect(pods.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});
