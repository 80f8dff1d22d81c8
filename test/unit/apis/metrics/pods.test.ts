import { describe, expect, test } from '@jest/globals';
import { parseFieldSelector } from '../../../../src/apimachinery/field-selector.ts';
import { parseLabelSelector } from '../../../../src/apimachinery/label-selector.ts';
import { LabelSet } from '../../../../src/apimachinery/label-set.ts';
import type { PodRecord } from '../../../../src/apis/metrics/objects.ts';
import { podMetricsResource } from '../../../../src/apis/metrics/pods.ts';

/** Pods of two namespaces that have to be picked, and how often they were. */
function aResource() {
  const pods = ['a', 'b'].map((namespace): PodRecord => ({
    namespace,
    name: 'pod',
    uid: namespace,
    mirrorUid: '',
    labels: LabelSet.empty,
  }));
  const counts = { picked: 0, revision: 1 };
  const resource = podMetricsResource({
    pods: {
      list: (namespace) => {
        counts.picked++;
        return pods.filter((pod) => pod.namespace === (namespace ?? pod.namespace));
      },
      get: () => undefined,
      *sequences() {
        yield undefined;
        return undefined;
      },
      revision: () => counts.revision,
    },
    usage: {
      podUsage: () => ({ timestampMs: 1, windowMs: 1, containers: [] }),
      hasPodUsage: () => true,
    },
    instruments: { observeFreshness: () => undefined },
    clock: { nowMs: () => 1, monotonicMs: () => 1 },
  });
  const namespacesOf = (namespace: string | undefined, labels: string): string[] => {
    const request = {
      namespace,
      labelSelector: parseLabelSelector(labels),
      fieldSelector: parseFieldSelector('', []),
      after: undefined,
    };
    const runs = [...(resource.runs?.(request) ?? [])].filter((run) => run !== undefined);
    return runs.flatMap((run) =>
      [...run.revise()].map((_, place) => run.itemAt(place)?.pod.namespace ?? ''),
    );
  };
  return { counts, namespacesOf };
}

describe('pods that a selector picks', () => {
  test('are picked once for all who ask the same, until pods come or go', () => {
    const { counts, namespacesOf } = aResource();

    const answers = [1, 2, 3].map(() => namespacesOf('a', 'x=y,z'));
    expect(answers).toEqual([['a'], ['a'], ['a']]);
    expect(counts.picked).toBe(1);

    counts.revision++;
    namespacesOf('a', 'x=y,z');
    expect(counts.picked).toBe(2);
  });

  test('are those of the namespace that is asked for', () => {
    const { namespacesOf } = aResource();

    const answers = ['a', 'b', undefined, 'a'].map((namespace) => namespacesOf(namespace, 'x=y'));

    expect(answers).toEqual([['a'], ['b'], ['a', 'b'], ['a']]);
  });

  test.each([
    ['long', `x in (${Array.from({ length: 200 }, (_, at) => `value-${at}`).join(',')})`],
    ['many', Array.from({ length: 17 }, (_, at) => `x${at}`).join(',')],
  ])('are not kept for a question of %s requirements: there could be any number', (_, labels) => {
    const { counts, namespacesOf } = aResource();

    const answers = [namespacesOf('a', labels), namespacesOf('a', labels)];

    expect(answers).toEqual([['a'], ['a']]);
    expect(counts.picked).toBe(2);
  });
});
