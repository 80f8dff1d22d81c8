import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseLabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { LabelSet, LabelSetInterner } from '../../../src/apimachinery/label-set.ts';
import type { LabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { PodIndex } from '../../../src/kube/pod-index.ts';
import type { PodKey } from '../../../src/kube/pod-index.ts';
import type { PodRecord } from '../../../src/kube/pod-record.ts';

const EVERYTHING = parseLabelSelector('');

function aPod(namespace: string, name: string, labels = LabelSet.empty, uid = 'u'): PodRecord {
  return { namespace, name, uid, mirrorUid: '', labels };
}

function isAfter(pod: PodRecord, { namespace, name }: PodKey): boolean {
  return pod.namespace === namespace ? pod.name > name : pod.namespace > namespace;
}

/** A selector that counts the label sets it is asked about. */
function counted(text: string): { readonly selector: LabelSelector; readonly asked: () => number } {
  const real = parseLabelSelector(text);
  let asked = 0;
  const matches = (labels: LabelSet): boolean => {
    asked++;
    return real.matches(labels);
  };
  const selector = Object.assign(parseLabelSelector(text), { matches });
  return { selector, asked: () => asked };
}

/** Takes so many of a list, and no more. */
function firstOf(pods: Iterable<PodRecord | undefined>, count: number): string[] {
  const taken: PodRecord[] = [];
  for (const pod of pods) if (pod && taken.push(pod) === count) break;
  return keysOf(taken);
}

/** Without the places where a reader may pause. */
function found(pods: Iterable<PodRecord | undefined>): PodRecord[] {
  return [...pods].filter((pod) => pod !== undefined);
}

function keysOf(pods: Iterable<PodRecord | undefined>): string[] {
  return found(pods).map(({ namespace, name }) => `${namespace}/${name}`);
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

  test('tells of a namespace, and of all, whether anything has changed', () => {
    const index = new PodIndex();
    const revisions = (): number[] => ['a', 'b', undefined].map((name) => index.revision(name));
    const seen = [revisions()];
    const labels = new LabelSetInterner().intern([['app', 'x']]);
    const changes = [
      () => {
        index.set(aPod('a', 'x'));
      },
      () => {
        index.set(aPod('b', 'y'));
      },
      () => {
        index.set(aPod('a', 'x', labels));
      },
      () => {
        index.delete('a', 'none');
      },
      () => {
        index.delete('a', 'x');
      },
      () => {
        index.set(aPod('a', 'x'));
      },
    ];

    for (const change of changes) {
      change();
      seen.push(revisions());
    }

    const changed = seen
      .slice(1)
      .map((now, at) => now.map((count, of) => count !== seen[at]?.[of]));
    expect(changed).toEqual([
      [true, false, true],
      [false, true, true],
      [true, false, true],
      [false, false, false],
      [true, false, true],
      [true, false, true],
    ]);
    const ofA = seen.map(([revision]) => revision);
    expect(new Set(ofA.filter((revision) => revision !== 0)).size).toBe(3);
  });

  test('lets a list go on over changes, without a repetition', () => {
    const index = new PodIndex();
    for (const namespace of ['a', 'b', 'c']) {
      for (const name of ['1', '3', '5']) index.set(aPod(namespace, name));
    }
    const seen: string[] = [];

    for (const pod of index.list(undefined, EVERYTHING)) {
      if (!pod) continue;
      const { namespace, name } = pod;
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
    const place = fc.record({
      namespace: fc.constantFrom('ns', 'ns-a', 'ns-aa', 'ns-b', 'ns-c'),
      name: fc.integer({ min: 0, max: 45 }).map((number) => `pod-${number}`),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(change, selector, place), { maxLength: 200 }), (steps) => {
        const index = new PodIndex();
        const model = new Map<string, PodRecord>();
        for (const [{ namespace, name, labels, remove }, text, after] of steps) {
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

          expect(found(index.list(undefined, wanted))).toEqual(all);
          expect(found(index.list('ns-a', wanted))).toEqual(
            all.filter((pod) => pod.namespace === 'ns-a'),
          );
          expect(found(index.list(undefined, wanted, after))).toEqual(
            all.filter((pod) => isAfter(pod, after)),
          );
          expect(found(index.list('ns-b', wanted, after))).toEqual(
            all.filter((pod) => pod.namespace === 'ns-b' && isAfter(pod, after)),
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
    const { selector, asked } = counted('app=app-7');

    expect(keysOf(index.list('big', selector))).toHaveLength(20);
    expect(asked()).toBe(20);
  });

  test.each([
    { text: 'app=app-7', first: 'big/pod-1007', most: 20 },
    { text: 'app!=app-7', first: 'big/pod-1000', most: 4 },
    { text: 'pod', first: 'big/pod-1000', most: 4 },
    { text: '!pod', first: undefined, most: 2_000 },
  ])(
    'asks at most $most label sets for a page of "$text" in the middle of a namespace',
    ({ text, first, most }) => {
      const index = new PodIndex();
      for (let number = 0; number < 2_000; number++) {
        const labels = LabelSet.of([
          ['app', `app-${number % 100}`],
          ['pod', `pod-${number}`],
        ]);
        index.set(aPod('big', `pod-${String(number).padStart(4, '0')}`, labels));
        index.set(aPod('other', `pod-${number}`, labels));
      }
      const { selector, asked } = counted(text);

      const page = firstOf(index.list('big', selector, { namespace: 'big', name: 'pod-0999' }), 3);

      expect(page[0]).toBe(first);
      expect(asked()).toBeLessThanOrEqual(most);
    },
  );

  describe('while the index of a label key is made', () => {
    const labelsOf = (number: number): LabelSet => {
      return LabelSet.of([
        ['app', `app-${number % 100}`],
        ['pod', `pod-${number}`],
      ]);
    };
    const nameOf = (number: number): string => `pod-${String(number).padStart(4, '0')}`;
    const ofApp7 = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, at) => from + at)
        .filter((number) => number % 100 === 7)
        .map((number) => `big/${nameOf(number)}`);
    let index: PodIndex;

    beforeEach(() => {
      index = new PodIndex();
      for (let number = 0; number < 2_000; number++) {
        index.set(aPod('big', nameOf(number), labelsOf(number)));
      }
    });

    test('pauses, and takes in what changes meanwhile', () => {
      const reader = index.list('big', parseLabelSelector('app=app-7'))[Symbol.iterator]();
      expect(reader.next()).toEqual({ done: false, value: undefined });
      for (let number = 2_000; number < 2_200; number++) {
        index.set(aPod('big', nameOf(number), labelsOf(number)));
        index.delete('big', nameOf(number - 2_000));
      }
      const keys = keysOf({ [Symbol.iterator]: () => reader });

      expect(keys).toEqual(ofApp7(200, 2_200));
      expect(keysOf(index.list('big', parseLabelSelector('app=app-7')))).toEqual(keys);
    });

    test('serves other readers, who do not wait for it', () => {
      const selector = parseLabelSelector('app=app-7');
      const first = index.list('big', selector)[Symbol.iterator]();
      first.next();

      expect(keysOf(index.list('big', selector))).toEqual(ofApp7(0, 2_000));
      expect(keysOf({ [Symbol.iterator]: () => first })).toEqual(ofApp7(0, 2_000));
    });

    test('starts anew when its reader has gone away', () => {
      const { selector, asked } = counted('app=app-7');
      const gone = index.list('big', selector)[Symbol.iterator]();
      gone.next();
      gone.return?.();

      expect(keysOf(index.list('big', selector))).toEqual(ofApp7(0, 2_000));
      expect(asked()).toBe(20);
    });
  });

  test('finds where a list goes on without a walk over what comes before', () => {
    const index = new PodIndex();
    let read = 0;
    for (let number = 0; number < 20_000; number++) {
      const name = `pod-${String(number % 200).padStart(3, '0')}`;
      const namespace = `ns-${String(Math.floor(number / 200)).padStart(3, '0')}`;
      const pod = aPod(namespace, name);
      Object.defineProperty(pod, 'name', {
        get: () => {
          read++;
          return name;
        },
      });
      index.set(pod);
    }
    firstOf(index.list(undefined, EVERYTHING), 1);
    expect(keysOf(index.list(undefined, EVERYTHING))).toHaveLength(20_000);
    read = 0;

    const page = firstOf(
      index.list(undefined, EVERYTHING, { namespace: 'ns-050', name: 'pod-198' }),
      2,
    );

    expect(page).toEqual(['ns-050/pod-199', 'ns-051/pod-000']);
    expect(read).toBeLessThan(20);
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

    expect(found(index.list('ns', EVERYTHING)).map(({ name }) => name)).toEqual([...names].sort());
  });
});
