import { describe, expect, test } from '@jest/globals';
import {
  type RunContainer,
  type RunPod,
  nextChangeMs,
  statusAt,
} from '../../../src/simulator/joined-status.ts';
import { restarting, steady } from '../../../src/simulator/workloads.ts';

const START_MS = Date.UTC(2026, 9, 1);
const FOREVER_MS = 2 ** 40;
const LOAD = { milliCores: 10, memoryMib: 8 };
const ONCE = {
  ...steady(LOAD),
  lives: { runMs: 10_000, backOffMs: FOREVER_MS, maxBackOffMs: FOREVER_MS },
};

function aContainer(given: Partial<RunContainer> = {}): RunContainer {
  const startMs = START_MS + 1_000;
  return {
    name: 'app',
    role: 'main',
    image: 'app:1',
    workload: steady(LOAD),
    startMs,
    readyMs: startMs,
    exitCode: 0,
    restarts: true,
    ...given,
  };
}

function aPod(...containers: readonly RunContainer[]): RunPod {
  return {
    uid: 'u',
    startMs: START_MS,
    scheduledMs: START_MS,
    podIp: '10.0.0.1',
    hostIp: '127.0.0.1',
    containers,
  };
}

interface Seen {
  readonly phase: string;
  readonly conditions: readonly { type: string; status: string; lastTransitionTime: string }[];
  readonly initContainerStatuses?: readonly SeenContainer[];
  readonly containerStatuses: readonly SeenContainer[];
}

interface SeenContainer {
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: object;
}

function seen(pod: RunPod, afterMs: number): Seen {
  return statusAt(pod, START_MS + afterMs) as Seen;
}

describe('statusAt', () => {
  test.each([
    { name: 'Pending before its start', pod: aPod(aContainer()), afterMs: 999, phase: 'Pending' },
    { name: 'Running from then on', pod: aPod(aContainer()), afterMs: 1_000, phase: 'Running' },
    {
      name: 'Running while one container is there',
      pod: aPod(aContainer({ workload: ONCE, restarts: false }), aContainer({ name: 'side' })),
      afterMs: 20_000,
      phase: 'Running',
    },
    {
      name: 'Succeeded when all ended well',
      pod: aPod(aContainer({ workload: ONCE, restarts: false })),
      afterMs: 11_000,
      phase: 'Succeeded',
    },
    {
      name: 'Failed when one did not',
      pod: aPod(aContainer({ workload: ONCE, restarts: false, exitCode: 1 })),
      afterMs: 11_000,
      phase: 'Failed',
    },
    {
      name: 'Running while a container waits to be started again',
      pod: aPod(aContainer({ workload: restarting({ ...LOAD, runMs: 5_000 }) })),
      afterMs: 7_000,
      phase: 'Running',
    },
  ])('a pod is $name', ({ pod, afterMs, phase }) => {
    expect(seen(pod, afterMs).phase).toBe(phase);
  });

  test('says since when a pod is ready', () => {
    const pod = aPod(aContainer({ readyMs: START_MS + 6_000 }));
    const readiness = (afterMs: number) =>
      seen(pod, afterMs).conditions.find(({ type }) => type === 'Ready');

    expect(readiness(5_999)).toMatchObject({
      status: 'False',
      lastTransitionTime: '2026-10-01T00:00:01Z',
    });
    expect(readiness(60_000)).toMatchObject({
      status: 'True',
      lastTransitionTime: '2026-10-01T00:00:06Z',
    });
  });

  test('counts how often a container was started again', () => {
    const pod = aPod(aContainer({ workload: restarting({ ...LOAD, runMs: 5_000 }) }));

    const [container] = seen(pod, 16_500).containerStatuses;

    expect(container).toMatchObject({
      ready: true,
      restartCount: 1,
      state: { running: { startedAt: '2026-10-01T00:00:16Z' } },
    });
  });
});

describe('a pod with an init container and a sidecar', () => {
  // The init container runs from 1 s to 11 s, the sidecar starts with it, the other one at 12 s.
  const pod = aPod(
    aContainer({ name: 'init', role: 'init', workload: ONCE, restarts: false }),
    aContainer({ name: 'sidecar', role: 'sidecar' }),
    aContainer({ startMs: START_MS + 12_000, readyMs: START_MS + 12_000 }),
  );
  const initialized = (afterMs: number) =>
    seen(pod, afterMs).conditions.find(({ type }) => type === 'Initialized');

  test('is pending while the init container runs', () => {
    const { phase, initContainerStatuses, containerStatuses } = seen(pod, 5_000);

    expect(phase).toBe('Pending');
    expect(initContainerStatuses).toMatchObject([
      { name: 'init', ready: false, started: true, state: { running: {} } },
      { name: 'sidecar', ready: true, started: true, state: { running: {} } },
    ]);
    expect(containerStatuses).toMatchObject([
      { ready: false, started: false, state: { waiting: { reason: 'PodInitializing' } } },
    ]);
    expect(initialized(5_000)).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      lastTransitionTime: '2026-10-01T00:00:00Z',
    });
  });

  test('keeps the init container as one that has ended, and is ready without it', () => {
    const { phase, conditions, initContainerStatuses, containerStatuses } = seen(pod, 20_000);

    expect(phase).toBe('Running');
    expect(initContainerStatuses).toMatchObject([
      {
        name: 'init',
        ready: true,
        started: false,
        restartCount: 0,
        state: {
          terminated: {
            exitCode: 0,
            reason: 'Completed',
            startedAt: '2026-10-01T00:00:01Z',
            finishedAt: '2026-10-01T00:00:11Z',
          },
        },
      },
      { name: 'sidecar', ready: true, started: true },
    ]);
    expect(containerStatuses).toMatchObject([{ ready: true }]);
    expect(initialized(20_000)).toMatchObject({
      status: 'True',
      lastTransitionTime: '2026-10-01T00:00:11Z',
    });
    expect(conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'True',
      lastTransitionTime: '2026-10-01T00:00:12Z',
    });
  });

  test('is over when its main containers and its sidecars are', () => {
    const job = aPod(
      aContainer({
        name: 'sidecar',
        role: 'sidecar',
        restarts: false,
        exitCode: 1,
        workload: ONCE,
      }),
      aContainer({ workload: ONCE, restarts: false }),
    );

    expect(seen(job, 20_000).phase).toBe('Succeeded');
  });
});

describe('nextChangeMs', () => {
  test.each([
    { name: 'its start', afterMs: 0, nextMs: 1_000 },
    { name: 'its readiness', afterMs: 1_000, nextMs: 3_000 },
    { name: 'its end', afterMs: 3_000, nextMs: 6_000 },
    { name: 'its next start', afterMs: 6_000, nextMs: 16_000 },
    { name: 'its next end', afterMs: 16_000, nextMs: 21_000 },
    { name: 'its next start, later each time', afterMs: 21_000, nextMs: 41_000 },
  ])('is $name', ({ afterMs, nextMs }) => {
    const workload = restarting({ ...LOAD, runMs: 5_000 });
    const pod = aPod(aContainer({ workload, readyMs: START_MS + 3_000 }));

    expect(nextChangeMs(pod, START_MS + afterMs) - START_MS).toBe(nextMs);
  });

  test('never comes for a pod that runs, or is over', () => {
    expect(nextChangeMs(aPod(aContainer()), START_MS + 2_000)).toBe(Number.POSITIVE_INFINITY);
    const over = aPod(aContainer({ workload: ONCE, restarts: false }));
    expect(nextChangeMs(over, START_MS + 20_000) - START_MS).toBeGreaterThan(FOREVER_MS);
  });
});
