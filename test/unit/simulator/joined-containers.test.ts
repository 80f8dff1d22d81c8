import { describe, expect, test } from '@jest/globals';
import { type PodContainer, containersOf } from '../../../src/simulator/joined-containers.ts';
import type { KubeObject } from '../../../src/simulator/kube-object.ts';
import { LOAD_ANNOTATION } from '../../../src/simulator/load-words.ts';

function aPod(spec: object, words: Readonly<Record<string, string>> = {}): KubeObject {
  const annotations = Object.fromEntries(
    Object.entries(words).map(([name, text]) => [`${LOAD_ANNOTATION}${name}`, text]),
  );
  const metadata = { name: 'pod', annotations };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
  return pod;
}

const container = (name: string, more: object = {}): object => ({ name, image: 'i', ...more });
const INIT = container('init');
const SIDECAR = container('sidecar', { restartPolicy: 'Always' });
const MAIN = container('main');

function named(containers: readonly PodContainer[], name: string): PodContainer | undefined {
  return containers.find((each) => each.name === name);
}

describe('containersOf', () => {
  test('starts init containers and sidecars before the others, in their order', () => {
    const pod = aPod({
      restartPolicy: 'Always',
      initContainers: [SIDECAR, INIT],
      containers: [MAIN],
    });

    expect(containersOf(pod).map(({ name, role, restarts }) => [name, role, restarts])).toEqual([
      ['sidecar', 'sidecar', true],
      ['init', 'init', false],
      ['main', 'main', true],
    ]);
  });

  test('an init container without words has ended at once, and nothing is said of it', () => {
    const found = containersOf(aPod({ initContainers: [INIT], containers: [MAIN] }));

    expect(named(found, 'init')).toMatchObject({ runMs: 1, load: { hasFigures: false } });
    expect(named(found, 'main')).toMatchObject({ startsAfterMs: 0 });
  });

  test('who comes after an init container that takes its time starts later than that', () => {
    const pod = aPod(
      { initContainers: [INIT, SIDECAR], containers: [MAIN] },
      { init: 'ends=5s cpu=100m' },
    );
    const found = containersOf(pod);

    expect(named(found, 'init')).toMatchObject({
      runMs: 5_000,
      startsAfterMs: 0,
      load: { hasFigures: true, milliCores: 100 },
    });
    // 5 s, and 2.2 s and 0.4 s for each of three within which it starts itself
    expect(named(found, 'sidecar')?.startsAfterMs).toBe(8_400);
    expect(named(found, 'main')?.startsAfterMs).toBe(8_400);
  });

  test.each([
    { policy: 'Never', words: 'ends=5s exit=1', ends: true },
    { policy: 'OnFailure', words: 'ends=5s', ends: true },
    { policy: 'OnFailure', words: 'ends=5s exit=1', ends: false },
    { policy: 'Always', words: 'ends=5s', ends: false },
  ])(
    'a sidecar of main containers with $policy and $words ends: $ends',
    ({ policy, words, ends }) => {
      const pod = aPod(
        { restartPolicy: policy, initContainers: [SIDECAR], containers: [MAIN] },
        { main: words },
      );
      const sidecar = named(containersOf(pod), 'sidecar');

      expect(sidecar?.restarts).toBe(!ends);
      expect(sidecar?.runMs).toBe(ends ? 8_000 : Number.POSITIVE_INFINITY);
    },
  );

  test('says that an init container cannot fail here', () => {
    const pod = aPod({ initContainers: [INIT], containers: [MAIN] }, { init: 'exit=1' });

    expect(() => containersOf(pod)).toThrow(
      new SyntaxError('Cannot run init container "init": only exit=0 is known there'),
    );
  });
});
