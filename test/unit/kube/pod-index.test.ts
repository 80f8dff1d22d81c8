import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseLabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { LabelSet, LabelSetInterner } from '../../../src/apimachinery/label-set.ts';
import { PodIndex } from '../../../src/kube/pod-index.ts';
import type { PodRecord } from '../../../src/kube/pod-record.ts';

const EVERYTHING = parseLabelSelector('');

function aPod(namespace: string, name: string, labels = LabelSet.empty, uid = 'u'): PodRecord {
  return { namespace, name, uid, mirrorUid: '', labels };
}

function keysOf(pods: Iterable<PodRecord>): string[] {
  return [...pods].map(({ namespace, name }) => `${namespace}/${name}`);
}

describe('PodIndex', () => {
  test('lists by namespace, then name, whatever the order of arrival', () => {
    const index = new PodIndex();
    for (const [namespace, name] of [
      ['b', 'z'],
      ['a-b', 'y'],
      ['b', 'a'],
      ['a', 'x-1'],
      ['a', 'x'],
    ] as const) {
      index.set(aPod(namespace, name));
    }

    expect(keysOf(index.list(undefined, EVERYTHING))).toEqual([
      'a/x',
      'a/x-1',
      'a-b/y',
      'b/a',
      'b/z',
    ]);
    expect(keysOf(index.list('b', EVERYTHING))).toEqual(['b/a', 'b/z']);
    expect(keysOf(index.list('none', EVERYTHING))).toEqual([]);
    expect(index.size).toBe(5);
  });

  test('replaces a pod of the same name, and forgets an empty namespace', () => {
    const index = new PodIndex();
    index.set(aPod('a', 'x', LabelSet.empty, 'old'));
    index.set(aPod('a', 'x', LabelSet.of([['app', 'web']]), 'new'));

    expect(index.size).toBe(1);
    expect(index.get('a', 'x')?.uid).toBe('new');
    expect(keysOf(index.list('a', parseLabelSelector('!app')))).toEqual([]);

    index.delete('a', 'x');
    index.delete('a', 'x');

    expect(index.size).toBe(0);
    expect(keysOf(index.list(undefined, EVERYTHING))).toEqual([]);
  });

  test('lets a list go on over changes, without a repetition', () => {
    const index = new PodIndex();
    for (const namespace of ['a', 'b', 'c']) {
      for (const name of ['1', '3', '5']) index.set(aPod(namespace, name));
    }
    const seen: string[] = [];

    for (const { namespace, name } of index.list(undefined, EVERYTHING)) {
      seen.push(`${namespace}/${name}`);
      index.set(aPod(namespace, name, LabelSet.of([['seen', 'yes']]))); // changed
      index.set(aPod(namespace, `${name}-new`));
      index.set(aPod(`${namespace}-new`, name));
      if (namespace === 'a' && name === '3') index.delete('a', '5');
      if (namespace === 'a') for (const gone of ['1', '3', '5']) index.delete('c', gone);
    }

    expect(seen).toEqual(['a/1', 'a/3', 'a/5', 'b/1', 'b/3', 'b/5']);
  });

  test('can be listed again and again from one answer', () => {
    const index = new PodIndex();
    index.set(aPod('a', 'x'));
    const pods = index.list(undefined, EVERYTHING);

    expect(keysOf(pods)).toEqual(['a/x']);
    expect(keysOf(pods)).toEqual(['a/x']);
  });

  test('answers as a walk over all pods would, after any changes', () => {
    const interner = new LabelSetInterner();
    const value = fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7');
    const change = fc.record({
      namespace: fc.constantFrom('ns-a', 'ns-b'),
      name: fc.integer({ min: 0, max: 40 }).map((number) => `pod-${number}`),
      labels: fc.dictionary(fc.constantFrom('app', 'tier', 'hash'), value),
      remove: fc.boolean(),
    });
    const selector = fc.constantFrom(
      '',
      'app=1',
      'app==2,tier=3',
      'app in (1,2,3)',
      'app in (1,2),hash in (0,1,2,3)',
      'app!=1',
      'app,!tier',
      'tier notin (1,2)',
      'hash=7,app',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(change, selector), { maxLength: 200 }), (steps) => {
        const index = new PodIndex();
        const model = new Map<string, PodRecord>();
        for (const [{ namespace, name, labels, remove }, text] of steps) {
          const key = `${namespace}/${name}`;
          if (remove) {
            index.delete(namespace, name);
            model.delete(key);
          } else {
            const pod = aPod(namespace, name, interner.intern(Object.entries(labels)));
            index.set(pod);
            model.set(key, pod);
          }
          const wanted = parseLabelSelector(text);
          const all = [...model.values()]
            .filter((pod) => wanted.matches(pod.labels))
            .sort((left, right) => (keysOf([left]).join() < keysOf([right]).join() ? -1 : 1));

          expect([...index.list(undefined, wanted)]).toEqual(all);
          expect([...index.list('ns-a', wanted)]).toEqual(
            all.filter((pod) => pod.namespace === 'ns-a'),
          );
          expect(index.size).toBe(model.size);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('asks few label sets, not all pods, for a label of a large namespace', () => {
    const index = new PodIndex();
    for (let number = 0; number < 2_000; number++) {
      const labels = LabelSet.of([
        ['app', `app-${number % 100}`],
        ['pod', `pod-${number}`],
      ]);
      index.set(aPod('big', `pod-${number}`, labels));
    }
    const selector = parseLabelSelector('app=app-7');
    let asked = 0;
    const counting = Object.assign(parseLabelSelector('app=app-7'), {
      matches: (labels: LabelSet) => {
        asked++;
        return selector.matches(labels);
      },
    });

    expect(keysOf(index.list('big', counting))).toHaveLength(20);
    expect(asked).toBe(20);
  });

  test('keeps its index small, whatever keys clients ask for', () => {
    const index = new PodIndex();
    for (let number = 0; number < 100; number++) {
      index.set(aPod('ns', `pod-${number}`, LabelSet.of([[`key-${number}`, 'v']])));
    }

    for (let round = 0; round < 2; round++) {
      for (let number = 0; number < 100; number++) {
        const selector = parseLabelSelector(`key-${number}=v`);
        expect(keysOf(index.list('ns', selector))).toEqual([`ns/pod-${number}`]);
      }
    }
  });

  test('merges many additions into a list that is read in between', () => {
    const index = new PodIndex();
    const names = Array.from({ length: 10_000 }, (_, number) => `pod-${(number * 7919) % 10_000}`);
    for (let from = 0; from < names.length; from += 1_000) {
      for (const name of names.slice(from, from + 1_000)) index.set(aPod('ns', name));
      expect(keysOf(index.list('ns', EVERYTHING))).toHaveLength(from + 1_000);
    }

    expect([...index.list('ns', EVERYTHING)].map(({ name }) => name)).toEqual([...names].sort());
  });
});
