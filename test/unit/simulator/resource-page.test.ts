import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { resourcePage } from '../../../src/simulator/resource-page.ts';
import { viewNode } from '../../../src/simulator/samples.ts';
import { idle, steady } from '../../../src/simulator/workloads.ts';
import { cpuNanosAt, createWorld, workingSetAt } from '../../../src/simulator/world.ts';
import type { World } from '../../../src/simulator/world.ts';
import { aContainerPlan, aHeldClock, aPodPlan, aWorld, NOON_MS } from '../../support/a-world.ts';

const REAL = readFileSync(
  join(import.meta.dirname, '../../fixtures/simulator/real-resource.txt'),
  'utf8',
);

function pageAt(world: World, nowMs: number): string {
  const node = world.node('node-1');
  if (!node) throw new Error('no node');
  return resourcePage(viewNode(world, node, nowMs));
}

/** The page without its numbers: what remains are names, labels, comments and their order. */
function shapeOf(page: string): string[] {
  return page
    .split('\n')
    .map((line) => (line.startsWith('#') ? line : line.replaceAll(/ -?\d[\d.e+-]*/g, ' N')));
}

const burning = (name: string) =>
  aContainerPlan(steady({ milliCores: 50, memoryMib: 1 }), { name, limits: { memory: '32Mi' } });

describe('resourcePage', () => {
  test('has families, comments, labels and order of the real page', () => {
    const world = aWorld([
      aPodPlan({
        namespace: 'lab',
        name: 'two',
        containers: [aContainerPlan(idle(), { name: 'idle' }), burning('burn')],
      }),
      aPodPlan({ namespace: 'lab', name: 'static-node-a', containers: [burning('burn')] }),
    ]);

    expect(shapeOf(pageAt(world, NOON_MS))).toEqual(shapeOf(REAL));
  });

  test('says what the world says, to the millisecond of the sample', () => {
    const world = aWorld();
    const node = world.node('node-1');
    const view = node && viewNode(world, node, NOON_MS);
    const [said] = view?.pods[0]?.containers ?? [];
    if (!said) throw new Error('no container');
    const { container, startMs, sample } = said;
    const lines = pageAt(world, NOON_MS).split('\n');
    const valueOf = (family: string) =>
      lines
        .find((line) => line.startsWith(`${family}{`))
        ?.split('} ')[1]
        ?.split(' ')
        .map(Number);

    expect(valueOf('container_cpu_usage_seconds_total')).toEqual([
      Number(cpuNanosAt(container, sample.atMs)) / 1e9,
      sample.atMs,
    ]);
    expect(valueOf('container_memory_working_set_bytes')).toEqual([
      workingSetAt(container, sample.atMs),
      sample.atMs,
    ]);
    expect(valueOf('container_start_time_seconds')).toEqual([startMs / 1000]);
  });

  test('sorts by container, namespace and pod, part by part', () => {
    const world = createWorld({ nodes: 1, podsPerNode: 60, clock: aHeldClock() });
    const keys = pageAt(world, NOON_MS)
      .split('\n')
      .flatMap((line) => {
        const [, ...labels] =
          /^container_cpu_usage_seconds_total\{container="(.*)",namespace="(.*)",pod="(.*)"\}/.exec(
            line,
          ) ?? [];
        return labels.length > 0 ? [labels] : [];
      });
    const compare = (a: string[], b: string[]): number => {
      const at = a.findIndex((part, index) => part !== b[index]);
      return at < 0 ? 0 : (a[at] ?? '') < (b[at] ?? '') ? -1 : 1;
    };

    expect(keys.length).toBeGreaterThan(50);
    expect(keys).toEqual([...keys].sort(compare));
  });

  test('leaves families without samples out', () => {
    const families = [...pageAt(aWorld([]), NOON_MS).matchAll(/^# TYPE (\S+)/gm)].map(
      ([, name]) => name,
    );

    expect(families).toEqual([
      'node_cpu_usage_seconds_total',
      'node_memory_working_set_bytes',
      'node_swap_usage_bytes',
      'resource_scrape_error',
    ]);
  });
});
