import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterKubectl } from '../ask-cluster.ts';
import { NODE_NAME } from '../real-node/cluster.ts';
import { type Sample, type Source, median, originsOf } from './by-hand.ts';
import { NODE } from './kubelet-answers.ts';
import { HALF_CRASH, LOADS, STATIC_POD, expectedContainers, limitsMilliCores } from './loads.ts';
import { isNewcomer } from './newcomers.ts';
import type { Judged, Play } from './play.ts';
import type { Reading } from './readings.ts';

const TOP_EVERY_MS = 5_000;
/** Of the limit; and what kubectl makes of it by rounding up. */
const MOST_OFF = 0.02;
const ROUNDING_MILLI_CORES = 1;
/** Different ones in two minutes: there are eight scrapes, and a pod with a young container keeps its figures. */
const LEAST_READINGS = 3;
/** A server may have paired samples of a container's first moments, which the kubelet answers only once. */
const GROWN_MS = 20_000;

/** Rows of `kubectl top pods -A --containers`: thousandths of a core by `NAMESPACE/POD/CONTAINER`. */
export type Tops = Map<string, number[]>;

/** Reads the tables of kubectl until the time is over. */
export async function readTops(kubectl: ClusterKubectl, untilMs: number): Promise<Tops> {
  const tops: Tops = new Map();
  while (performance.now() < untilMs) {
    const startedMs = performance.now();
    const out = await kubectl.run('top', 'pods', '-A', '--containers', '--no-headers');
    for (const line of out.trimEnd().split('\n')) {
      const [space, pod, container, cpu = ''] = line.trim().split(/\s+/);
      const key = [space, pod, container].join('/');
      assert.match(cpu, /^\d+m$/, line);
      tops.set(key, [...(tops.get(key) ?? []), Number.parseInt(cpu, 10)]);
    }
    await sleep(Math.max(0, TOP_EVERY_MS - (performance.now() - startedMs)));
  }
  return tops;
}

/** Everything that was read in the window that has just ended, which began at `sinceMs`. */
export async function figuresOfWindow(
  play: Play,
  judged: Judged,
  { sinceMs, tops }: { readonly sinceMs: number; readonly tops: Tops },
): Promise<void> {
  const { witness } = play;
  const { source, readings } = judged;
  const check = (title: string, test: () => void): Promise<void> =>
    play.check(`${source}: ${title}`, () => {
      test();
      return Promise.resolve();
    });
  const expected = expectedContainers(NODE_NAME);
  await check('kubectl top pods --containers shows every limit, within 2 %', () => {
    showsLimits(play, tops);
  });
  await check('the figures themselves are within 2 % of every limit', () => {
    meetsLimits(play, judged, sinceMs);
  });
  await check('every pod is in every reading, with all its containers', () => {
    for (const [key, names] of expected) {
      assert.equal(readings.lapses(key).length, 0, `${key} was missing at times`);
      assert.ok(readings.firstMs(key), `${key} was never there`);
      for (const { containers } of readings.of(key)) {
        assert.deepEqual([...containers.keys()].toSorted(), names, key);
      }
    }
  });
  await check('a crash loop beside it takes no reading from a healthy container', () => {
    const key = HALF_CRASH;
    const crashes = witness.samples(source, `${key}/crash`);
    assert.ok(crashes.length > 0, 'the kubelet never spoke of the container that crashes');
    assert.deepEqual(readings.lapses(key), []);
    assert.ok(
      readings.of(key).length >= LEAST_READINGS,
      `only ${readings.of(key).length} readings`,
    );
  });
  await check('the static pod is there, which the kubelet knows by an other uid', () => {
    const key = `${LOADS}/${STATIC_POD}-${NODE_NAME}`;
    assert.ok(readings.of(key).length > 5, `only ${readings.of(key).length} different readings`);
  });
  await check('what never ran, crashed, or ended is not there', () => {
    const known = new Set([NODE, ...expected.keys()]);
    const isOurs = (key: string): boolean => key.startsWith(LOADS) && !isNewcomer(key);
    assert.deepEqual(
      readings.keys().filter((key) => isOurs(key) && !known.has(key)),
      [],
    );
    readings.throwIfTroubled();
  });
  await check("memory is the kubelet's working set of the same moment", () => {
    memoryOfSamples(play, judged);
  });
  await check("every figure follows from the kubelet's samples", () => {
    followsFromSamples(play, judged);
  });
}

function showsLimits({ say }: Play, tops: Tops): void {
  for (const [key, limit] of limitsMilliCores(NODE_NAME)) {
    const shown = tops.get(key) ?? [];
    const middle = median(shown);
    say(`        ${key}: limit ${limit}m, kubectl ${middle}m (${shown.length} readings)`);
    assert.ok(shown.length >= 20, `${key}: only ${shown.length} readings`);
    assert.ok(Math.abs(middle - limit) <= MOST_OFF * limit + ROUNDING_MILLI_CORES, key);
  }
}

function meetsLimits({ say }: Play, { readings }: Judged, sinceMs: number): void {
  const off: string[] = [];
  for (const [key, limit] of limitsMilliCores(NODE_NAME)) {
    const [pod, name] = splitKey(key);
    const rates = readings
      .of(pod)
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ containers }) => (containers.get(name)?.nanoCores ?? Number.NaN) / 1e6);
    const middle = median(rates);
    const [least, most] = [Math.min(...rates), Math.max(...rates)];
    const text = `${key}: limit ${limit}m, ${middle.toFixed(2)}m (${least.toFixed(1)}m to ${most.toFixed(1)}m of ${rates.length})`;
    say(`        ${text}`);
    if (!(rates.length >= LEAST_READINGS && Math.abs(middle - limit) <= MOST_OFF * limit))
      off.push(text);
  }
  assert.deepEqual(off, []);
}

/** `NAMESPACE/POD/CONTAINER` as `NAMESPACE/POD` and `CONTAINER`. */
function splitKey(key: string): [string, string] {
  const at = key.lastIndexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}

/** Of pods with one container, where the time that is served is that of the container. */
function memoryOfSamples({ witness, say }: Play, { source, readings }: Judged): void {
  let compared = 0;
  for (const [pod, names] of [...expectedContainers(NODE_NAME), [NODE, [NODE]] as const]) {
    const [name = '', ...others] = names;
    if (others.length > 0) continue;
    const samples = witness.samples(source, pod === NODE ? NODE : `${pod}/${name}`);
    for (const reading of grown(readings.of(pod), samples)) {
      const same = samples.filter(({ timeMs }) => cut(timeMs) === reading.timestampMs);
      const served = reading.containers.get(name)?.memoryBytes;
      assert.ok(
        same.some(({ workingSetBytes }) => workingSetBytes === served),
        `${pod} at ${stamp(reading)}: ${served ?? 'none'} is served, but ${saidAround(reading, samples)}`,
      );
      compared += 1;
    }
  }
  assert.ok(compared > 50, `only ${compared} figures could be compared`);
  say(`        ${compared} figures, each equal to the byte`);
}

/** What the kubelet said last up to then, and next. */
function saidAround({ timestampMs }: Reading, samples: readonly Sample[]): string {
  const until = samples.filter(({ timeMs }) => cut(timeMs) <= timestampMs).slice(-2);
  const since = samples.filter(({ timeMs }) => cut(timeMs) > timestampMs).slice(0, 1);
  const said = [...until, ...since].map(
    ({ timeMs, workingSetBytes }) => `${workingSetBytes} at ${new Date(timeMs).toISOString()}`,
  );
  return `the kubelet said ${said.join(', ')}`;
}

/** CPU, memory, timestamp and window of every reading, of pods with several containers, too. */
function followsFromSamples({ witness, say }: Play, { source, readings }: Judged): void {
  let compared = 0;
  const wrong: string[] = [];
  for (const pod of [...expectedContainers(NODE_NAME).keys(), NODE]) {
    const samplesOf = (name: string): readonly Sample[] =>
      witness.samples(source, pod === NODE ? NODE : `${pod}/${name}`);
    const [first = ''] = readings.of(pod)[0]?.containers.keys() ?? [];
    for (const reading of grown(readings.of(pod), samplesOf(first))) {
      compared += reading.containers.size;
      const complaint = complaintOf(reading, samplesOf, source);
      if (complaint !== undefined) wrong.push(`${pod} at ${stamp(reading)}: ${complaint}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(compared > 100, `only ${compared} figures could be compared`);
  say(`        ${compared} figures, with their timestamps and windows`);
}

function complaintOf(
  { containers, timestampMs, windowMs }: Reading,
  samplesOf: (name: string) => readonly Sample[],
  source: Source,
): string | undefined {
  const origins = [...containers].map(
    ([name, figure]) => [name, originsOf(figure, samplesOf(name), source)] as const,
  );
  const [unknown] = origins.find(([, all]) => all.length === 0) ?? [];
  if (unknown !== undefined) {
    return `${unknown} has ${JSON.stringify(containers.get(unknown))} over ${windowMs} ms, which follows from no samples of it`;
  }
  const isOf = origins.some(([, all]) =>
    all.some(
      (origin) => cut(origin.timeMs) === timestampMs && Math.abs(origin.windowMs - windowMs) < 1,
    ),
  );
  return isOf ? undefined : `no container has a rate over ${windowMs} ms that ends then`;
}

/** Those that were taken when the container had been running for a while. */
function grown(readings: readonly Reading[], samples: readonly Sample[]): Reading[] {
  const startMs = Math.min(...samples.map((sample) => sample.startMs));
  return readings.filter(
    ({ timestampMs, windowMs }) => !(timestampMs - windowMs - startMs < GROWN_MS),
  );
}

/** As a timestamp of the API, to whole seconds. */
function cut(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

function stamp({ timestampMs }: Reading): string {
  return new Date(timestampMs).toISOString();
}
