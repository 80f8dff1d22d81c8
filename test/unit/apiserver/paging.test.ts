import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseFieldSelector } from '../../../src/apimachinery/field-selector.ts';
import { parseLabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { LabelSet } from '../../../src/apimachinery/label-set.ts';
import { podMetricsResource } from '../../../src/apis/metrics/pods.ts';
import type { PodMetrics } from '../../../src/apis/metrics/objects.ts';
import type { ListRequest, Paging, Resource } from '../../../src/apiserver/api-group.ts';
import { readContinueToken } from '../../../src/apiserver/continue-token.ts';
import type { PageStart } from '../../../src/apiserver/continue-token.ts';
import { readPage } from '../../../src/apiserver/paging.ts';
import type { Page } from '../../../src/apiserver/paging.ts';
import { PodIndex } from '../../../src/kube/pod-index.ts';
import type { PodUsage } from '../../../src/model/usage.ts';

const LIST = { resource: 'pods.metrics.k8s.io', namespace: '' };
const FIELDS = ['metadata.name', 'metadata.namespace'];
const USAGE: PodUsage = { timestampMs: 0, windowMs: 15_000, containers: [] };

/** Pods that come and go and win and lose figures, and how often somebody looked for figures. */
class World {
  readonly index = new PodIndex();
  readonly withFigures = new Set<string>();
  looks = 0;
  readonly resource: Resource<PodMetrics> & { readonly paging: Paging<PodMetrics> };

  constructor() {
    const has = ({ namespace, name }: { namespace: string; name: string }): boolean => {
      this.looks++;
      return this.withFigures.has(`${namespace}/${name}`);
    };
    const resource = podMetricsResource({
      pods: {
        list: (namespace, selector, after) => this.index.list(namespace, selector, after),
        get: (namespace, name) => this.index.get(namespace, name),
      },
      usage: { podUsage: (pod) => (has(pod) ? USAGE : undefined), hasPodUsage: has },
      instruments: { observeFreshness: () => undefined },
      clock: { nowMs: () => 0, monotonicMs: () => 0 },
    });
    const { paging } = resource;
    if (!paging) throw new Error('expected pods to come in pages');
    this.resource = { ...resource, paging };
  }

  put(key: string, hasFigures: boolean, labels = LabelSet.empty): void {
    const [namespace = '', name = ''] = key.split('/');
    this.index.set({ namespace, name, uid: key, mirrorUid: '', labels });
    if (hasFigures) this.withFigures.add(key);
    else this.withFigures.delete(key);
  }

  remove(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    this.index.delete(namespace, name);
    this.withFigures.delete(key);
  }
}

interface Asked {
  readonly limit: number;
  readonly token?: string;
  readonly namespace?: string;
  readonly labels?: string;
  readonly fields?: string;
  /** Called where others have their turn. */
  readonly onPause?: () => void;
}

function pageOf(world: World, asked: Asked): Page<PodMetrics> {
  const { limit, token = '', namespace, labels = '', fields = '' } = asked;
  const list = { ...LIST, namespace: namespace ?? '' };
  const start: PageStart | undefined = token === '' ? undefined : readContinueToken(token, list);
  const request: ListRequest = {
    namespace,
    labelSelector: parseLabelSelector(labels),
    fieldSelector: parseFieldSelector(fields, FIELDS),
    after: start?.after,
  };
  const { resource } = world;
  const items = resource.list?.(request) ?? [];
  const { paging } = resource;
  const reading = readPage({ list, start, request, items, paging, limit });
  for (let piece = reading.next(); ; piece = reading.next()) {
    if (piece.done === true) return piece.value;
    asked.onPause?.();
  }
}

/** More than any list here has: a token that leads nowhere fails, and does not hang. */
const MAX_PAGES = 500;
const CALM = { limit: 10, changes: [], during: [] };

function keysOf({ items }: Page<PodMetrics>): string[] {
  return items.map(({ pod: { namespace, name } }) => `${namespace}/${name}`);
}

function nameOf(number: number): string {
  return `pod-${String(number).padStart(5, '0')}`;
}

describe('readPage', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  test('cuts a list into full pages, also where pods without figures lie between', () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) world.put(`ns/${name}`, true);
    for (const name of ['a1', 'c1', 'c2', 'g1', 'g2']) world.put(`ns/${name}`, false);
    const found: [string[], number | undefined][] = [];

    let token = '';
    do {
      const page = pageOf(world, { limit: 3, token });
      found.push([keysOf(page), page.remainingItemCount]);
      token = page.continueToken;
    } while (token !== '' && found.length < MAX_PAGES);

    expect(found).toEqual([
      [['ns/a', 'ns/b', 'ns/c'], 4],
      [['ns/d', 'ns/e', 'ns/f'], 1],
      [['ns/g'], undefined],
    ]);
  });

  test.each([
    { limit: 3, name: 'as long as the list' },
    { limit: 4, name: 'longer than the list' },
    { limit: 2 ** 63, name: 'as long as can be' },
  ])('gives no token for a page $name', ({ limit }) => {
    for (const name of ['a', 'b', 'c']) world.put(`ns/${name}`, true);
    world.put('ns/d', false);

    const page = pageOf(world, { limit });

    expect(keysOf(page)).toEqual(['ns/a', 'ns/b', 'ns/c']);
    expect(page.continueToken).toBe('');
    expect(page.remainingItemCount).toBeUndefined();
  });

  test.each([
    { labels: 'app=web', keys: ['a/1', 'a/3'], more: ['b/1'] },
    { fields: 'metadata.name!=2', keys: ['a/1', 'a/3'], more: ['b/1'] },
    { fields: 'metadata.namespace=a', keys: ['a/1', 'a/2'], more: ['a/3'] },
    { namespace: 'a', labels: 'app', keys: ['a/1', 'a/2'], more: ['a/3'] },
  ])('says with selectors ($labels $fields) that there is more, not how much', (asked) => {
    for (const key of ['a/1', 'a/2', 'a/3', 'b/1']) {
      const app = key === 'a/2' ? 'db' : 'web';
      world.put(key, true, LabelSet.of([['app', app]]));
    }
    const { keys, more, ...selected } = asked;

    const page = pageOf(world, { ...selected, limit: 2 });
    const next = pageOf(world, { ...selected, limit: 2, token: page.continueToken });

    expect(keysOf(page)).toEqual(keys);
    expect(page.remainingItemCount).toBeUndefined();
    expect(keysOf(next)).toEqual(more);
    expect(next.continueToken).toBe('');
  });

  test('orders by namespace, then name, byte by byte', () => {
    const names = ['a', 'a-', 'a-b', 'a.b', 'a0', 'a1', 'a10', 'a2', 'ab', '0', '10', '9', 'z'];
    for (const namespace of ['b', 'a', 'a-b', 'a0', '9']) {
      for (const name of names) world.put(`${namespace}/${name}`, true);
    }
    const bytes = (key: string): Buffer => Buffer.from(key.replace('/', '\0'));
    const found: string[] = [];

    let token = '';
    do {
      const page = pageOf(world, { limit: 4, token });
      found.push(...keysOf(page));
      token = page.continueToken;
    } while (token !== '' && found.length < MAX_PAGES);

    expect(found).toHaveLength(5 * names.length);
    expect(found).toEqual(
      [...found].sort((left, right) => Buffer.compare(bytes(left), bytes(right))),
    );
  });

  test('walks over a large cluster once, and then from page to page', () => {
    for (let number = 0; number < 20_000; number++) {
      world.put(`ns-${number % 100}/${nameOf(number)}`, number % 10 > 0);
    }
    world.looks = 0;
    const first = pageOf(world, { limit: 500 });
    const looksOfFirst = world.looks;
    world.looks = 0;

    const second = pageOf(world, { limit: 500, token: first.continueToken });

    expect(looksOfFirst).toBeGreaterThanOrEqual(20_000);
    expect(world.looks).toBeLessThan(3_000);
    expect(first.remainingItemCount).toBe(17_500);
    expect(second.remainingItemCount).toBe(17_000);
  });

  test('does not walk over a namespace for a page of a selector', () => {
    for (let number = 0; number < 20_000; number++) {
      const labels = LabelSet.of([['app', `app-${number % 100}`]]);
      world.put(`ns/${nameOf(number)}`, true, labels);
    }
    const asked = { namespace: 'ns', labels: 'app=app-7', limit: 20 };
    const first = pageOf(world, asked);
    world.looks = 0;

    const second = pageOf(world, { ...asked, token: first.continueToken });

    expect(keysOf(second)[0]).toBe('ns/pod-02007');
    expect(world.looks).toBe(21);
  });

  test('corrects the count when it has walked too far to believe it', () => {
    for (let number = 0; number < 10_000; number++) world.put(`ns/${nameOf(number)}`, true);
    const first = pageOf(world, { limit: 100 });
    for (let number = 200; number < 9_800; number++)
      world.withFigures.delete(`ns/${nameOf(number)}`);

    const second = pageOf(world, { limit: 100, token: first.continueToken });
    const third = pageOf(world, { limit: 100, token: second.continueToken });

    expect(first.remainingItemCount).toBe(9_900);
    expect(second.remainingItemCount).toBe(9_800); // believed: nobody has looked that far
    expect(third.remainingItemCount).toBe(100);
  });

  test('never announces less than it has seen', () => {
    for (let number = 0; number < 5_000; number++) world.put(`ns/${nameOf(number)}`, number < 200);
    const first = pageOf(world, { limit: 100 });
    for (let number = 0; number < 5_000; number++) world.put(`ns/${nameOf(number)}`, true);

    const second = pageOf(world, { limit: 50, token: first.continueToken });

    expect(first.remainingItemCount).toBe(100);
    expect(second.remainingItemCount).toBe(4_850);
  });

  test('lets others have their turn while it looks, however little it finds', () => {
    for (let number = 0; number < 10_000; number++) world.put(`ns/${nameOf(number)}`, false);
    let pauses = 0;
    const onPause = (): void => {
      pauses++;
    };

    const page = pageOf(world, { limit: 10, onPause });

    expect(page.items).toEqual([]);
    expect(pauses).toBeGreaterThan(300);
  });

  test('neither repeats nor skips what is served throughout, whatever happens meanwhile', () => {
    const key = fc
      .tuple(fc.constantFrom('a', 'a-b', 'a0', 'b'), fc.integer({ min: 0, max: 60 }))
      .map(([namespace, number]) => `${namespace}/pod-${number}`);
    const change = fc.tuple(fc.constantFrom('appear', 'vanish', 'gain', 'lose'), key);
    const changes = fc.array(change, { maxLength: 12 });
    const step = fc.record({ limit: fc.integer({ min: 1, max: 40 }), changes, during: changes });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, fc.boolean()), { maxLength: 240 }),
        fc.array(step, { minLength: 1, maxLength: 6 }),
        (pods, steps) => {
          const changing = new World();
          for (const [name, hasFigures] of pods) changing.put(name, hasFigures);
          const throughout = new Set(changing.withFigures);
          const apply = (list: readonly (readonly [string, string])[]): void => {
            for (const [what, name] of list) {
              if (what === 'vanish') changing.remove(name);
              else if (what === 'lose') changing.withFigures.delete(name);
              else changing.put(name, what === 'gain' || changing.withFigures.has(name));
              if (!changing.withFigures.has(name)) throughout.delete(name);
            }
          };
          const seen: string[] = [];
          let missing = 0;
          let token = '';
          for (let turn = 0; turn === 0 || (token !== '' && turn < MAX_PAGES); turn++) {
            const { limit, changes: between, during } = steps[turn % steps.length] ?? CALM;
            const onPause = (): void => {
              apply(during);
            };
            const page = pageOf(changing, { limit, token, onPause });
            seen.push(...keysOf(page));
            if (page.continueToken !== '') missing += limit - page.items.length;
            token = page.continueToken;
            apply(between);
          }

          expect({ missing, token }).toEqual({ missing: 0, token: '' });
          expect(seen).toEqual([...new Set(seen)]);
          expect(seen.filter((name) => throughout.has(name)).sort()).toEqual(
            [...throughout].sort(),
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
