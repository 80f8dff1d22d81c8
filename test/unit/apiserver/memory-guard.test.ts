import { describe, expect, jest, test } from '@jest/globals';
import { LabelSet } from '../../../src/apimachinery/label-set.ts';
import type { AnyResource, ItemRun } from '../../../src/apiserver/api-group.ts';
import type { MemoryFigures } from '../../../src/apiserver/process-figures.ts';
import { type ServedApp, serveApp } from '../../support/serve-app.ts';

const MIB = 1024 ** 2;
const PATH = '/apis/zoo.example.com/v1/ants';

/** 6,000 (500 kB), and 100 for a label selector that they do not match. */
function ants(): AnyResource {
  return {
    name: 'ants',
    singularName: 'ant',
    kind: 'Ant',
    listKind: 'AntList',
    namespaced: false,
    verbs: ['get', 'list'],
    *list({ labelSelector }) {
      const many = labelSelector.matches(LabelSet.empty);
      for (let number = 0; number < (many ? 6000 : 100); number++) yield String(number);
    },
    get: ({ name }) => name,
    encoding: {
      metadata: (name: string) => ({ name, namespace: undefined, labels: LabelSet.empty }),
      json: () => `"text":"${'x'.repeat(40)}"`,
      protobuf: () => '',
      columns: () => [],
      cells: () => [],
    },
  };
}

/** 1,500 in runs (170 kB): more than one piece of a list, whose bytes are used again, and still a small list. */
function bees(): AnyResource {
  const run = (first: number): ItemRun<string> => ({
    revise: () => new Uint32Array(50).fill(1),
    itemAt: (place) => String(first + place),
    json: undefined,
    protobuf: undefined,
  });
  return {
    ...ants(),
    name: 'bees',
    *runs() {
      for (let first = 0; first < 1500; first += 50) yield run(first);
    },
  };
}

/** Time and memory, as the test wants them. */
class Weather {
  residentMiB = 50;
  nowMs = 0;
  reads = 0;

  serve(limitMiB: number | undefined): Promise<ServedApp> {
    const version = { name: 'v1', resources: () => [ants(), bees()] };
    const memory: MemoryFigures = {
      limitBytes: limitMiB === undefined ? undefined : limitMiB * MIB,
      residentBytes: () => {
        this.reads += 1;
        return this.residentMiB * MIB;
      },
    };
    return serveApp({
      groups: [{ name: 'zoo.example.com', versions: [version] }],
      clock: { nowMs: () => Date.now(), monotonicMs: () => this.nowMs },
      memory,
    });
  }

  /** Later, so that memory is read again. */
  set(residentMiB: number): void {
    this.residentMiB = residentMiB;
    this.nowMs += 1000;
  }
}

const BIG = PATH;
const SMALL = `${PATH}?labelSelector=few`;

describe('MemoryGuard', () => {
  test('answers big lists with 503 and a remedy near the limit, and everything else as ever', async () => {
    const weather = new Weather();
    await using app = await weather.serve(100);
    weather.set(91);

    const big = await app.ask(BIG);
    const small = await app.ask(SMALL);
    const one = await app.ask(`${PATH}/7`);
    const [healthz, metrics] = [await app.ask('/healthz'), await app.ask('/metrics')];

    expect(big.status).toBe(503);
    expect(big.headers['retry-after']).toBe('5');
    expect(JSON.parse(big.body)).toMatchObject({
      kind: 'Status',
      code: 503,
      reason: 'ServiceUnavailable',
      message:
        "the server is short of memory and answers small lists only: ask for pages (limit=500) or one namespace, or raise the container's memory limit of 100 MiB",
    });
    expect([small, one, healthz, metrics].map(({ status }) => status)).toEqual([
      200, 200, 200, 200,
    ]);
    expect(metrics.body).toContain('\nmetrics_server_memory_refused_lists_total 1\n');
  });

  test('sends a small list while memory is short as it sends it otherwise', async () => {
    const weather = new Weather();
    await using app = await weather.serve(100);
    const usual = await app.ask(SMALL);
    weather.set(99);

    const guarded = await app.ask(SMALL);

    expect(usual.status).toBe(200);
    expect(guarded.body).toBe(usual.body);
  });

  test('sends one of several pieces while memory is short as it sends it otherwise', async () => {
    const weather = new Weather();
    await using app = await weather.serve(100);
    const frozen = jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 0, 1));
    const usual = await app.ask(PATH.replace('ants', 'bees'));
    weather.set(99);

    const guarded = await app.ask(PATH.replace('ants', 'bees'));
    frozen.mockRestore();

    expect(usual.body.length).toBeGreaterThan(128 * 1024);
    expect(guarded.body).toBe(usual.body);
  });

  test.each([
    { name: 'not yet at nine tenths', steps: [90], codes: [200] },
    { name: 'above', steps: [91], codes: [503] },
    { name: 'until it is well below', steps: [91, 89, 86, 84], codes: [503, 503, 503, 200] },
    { name: 'not again before nine tenths', steps: [95, 80, 89, 91], codes: [503, 200, 200, 503] },
  ])('refuses big lists: $name', async ({ steps, codes }) => {
    const weather = new Weather();
    await using app = await weather.serve(100);

    const statuses: number[] = [];
    for (const residentMiB of steps) {
      weather.set(residentMiB);
      statuses.push((await app.ask(BIG)).status);
    }

    expect(statuses).toEqual(codes);
  });

  test('says once that it begins and once that it ends, however many lists come', async () => {
    const weather = new Weather();
    await using app = await weather.serve(100);
    weather.set(95);
    for (let times = 0; times < 3; times++) await app.ask(BIG);
    weather.set(50);
    await app.ask(BIG);

    expect(app.logged).toEqual([
      'Memory is short: refusing big lists; raise the memory limit',
      'Memory is enough again for big lists',
    ]);
  });

  test('reads memory at most ten times a second', async () => {
    const weather = new Weather();
    await using app = await weather.serve(100);
    weather.set(50);
    for (let times = 0; times < 5; times++) await app.ask(SMALL);

    expect(weather.reads).toBe(1);
    weather.nowMs += 100;
    await app.ask(SMALL);
    expect(weather.reads).toBe(2);
  });

  test('refuses nothing without a limit', async () => {
    const weather = new Weather();
    await using app = await weather.serve(undefined);
    weather.set(1e6);

    expect((await app.ask(BIG)).status).toBe(200);
    expect(weather.reads).toBe(0);
  });
});
