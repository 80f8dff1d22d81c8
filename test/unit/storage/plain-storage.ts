import type { PodUsage } from '../../../src/model/usage.ts';
import {
  believableStartMs,
  isBelievableRate,
  isFresh,
  isStale,
  presenceOf,
  type Presence,
  standingOf,
  type Verdict,
  verdictOn,
  wasTooYoung,
} from '../../../src/storage/retention.ts';
import type { Figures, PodAnswer } from './answers.ts';

interface PlainPoint {
  readonly startMs: number;
  readonly timeMs: number;
  readonly nanos: bigint;
  readonly memory: number;
  readonly rate: number;
  readonly arrivedMs: number;
}

interface PlainContainer {
  last?: PlainPoint | undefined;
  previous?: { readonly timeMs: number; readonly nanos: bigint } | undefined;
  wasOlder: boolean;
  /** The counter of the last point did, within one life. */
  fell: boolean;
  silent: boolean;
}

interface PlainPod {
  containers: Map<string, PlainContainer>;
  served?: { readonly usage: PodUsage; readonly arrivedMs: number; readonly kept: boolean };
}

type Outcome = Verdict | Exclude<Presence, 'measured'>;

const GIGA = 1_000_000_000n;

/**
 * What Storage does for the pods of one node, as plain as can be: maps, objects and BigInt, nothing
 * reused. It shares the pure rules with it and none of the columns.
 */
export class PlainStorage {
  readonly #limits: { readonly resolutionMs: number; readonly stalenessMs: number };
  #pods = new Map<string, PlainPod>();
  #answeredMs = 0;

  constructor(limits: { readonly resolutionMs: number; readonly stalenessMs: number }) {
    this.#limits = limits;
  }

  store(pods: readonly PodAnswer[], nowMs: number): void {
    const before = this.#pods;
    this.#pods = new Map();
    for (const { name = '', containers } of pods) {
      const pod: PlainPod = { containers: new Map() };
      const old = before.get(name);
      let startedOver = false;
      for (const [containerName, figures] of containers) {
        const container = {
          wasOlder: false,
          fell: false,
          silent: false,
          ...old?.containers.get(containerName),
        };
        const outcome = this.#take(container, figures, nowMs);
        if (outcome === 'finished') continue;
        startedOver ||= outcome === 'setBack';
        pod.containers.set(containerName, container);
      }
      this.#settle(pod, old, { startedOver, nowMs });
      this.#pods.set(name, pod);
    }
    this.#answeredMs = nowMs;
  }

  podUsage(name: string, nowMs: number): PodUsage | undefined {
    const served = this.#pods.get(name)?.served;
    if (served === undefined) return undefined;
    const ageMs = nowMs - served.arrivedMs;
    const stale = served.kept
      ? ageMs > this.#limits.stalenessMs
      : isStale(ageMs, nowMs - this.#answeredMs, this.#limits);
    return stale ? undefined : served.usage;
  }

  #take(container: PlainContainer, figures: Figures, arrivedMs: number): Outcome {
    const { presence, point } = read(figures, arrivedMs);
    if (presence === 'finished') return presence;
    container.silent = presence === 'silent';
    if (presence === 'silent') return presence;
    const { last } = container;
    const { wasOlder } = container;
    const verdict = last
      ? verdictOn(counted(point), counted(last), {
          wasOlder,
          elapsedMs: arrivedMs - last.arrivedMs,
        })
      : 'first';
    container.wasOlder = verdict === 'older';
    if (verdict === 'repeated' || verdict === 'older') return verdict;
    container.previous = this.#previousOf(container, verdict, point);
    container.last = point;
    container.fell = verdict === 'fell';
    return verdict;
  }

  #previousOf(
    { last, previous, fell }: PlainContainer,
    verdict: Verdict,
    { startMs, timeMs }: PlainPoint,
  ): PlainContainer['previous'] {
    if (verdict === 'next') return last;
    if (verdict === 'close' && previous) return previous;
    const wasYoung = verdict === 'close' && !fell && last && wasTooYoung(last.startMs, last.timeMs);
    const startCounts = verdict === 'first' || verdict === 'restarted' || wasYoung;
    if (startCounts && isFresh(startMs, timeMs, this.#limits.resolutionMs)) {
      return { timeMs: startMs, nanos: 0n };
    }
    return verdict === 'close' ? last : undefined;
  }

  #settle(
    pod: PlainPod,
    old: PlainPod | undefined,
    { startedOver, nowMs }: { startedOver: boolean; nowMs: number },
  ): void {
    const rows = [...pod.containers].sort(([one], [other]) => (one < other ? -1 : 1));
    if (rows.length === 0) return;
    const keepable =
      old?.served !== undefined && nowMs - old.served.arrivedMs <= this.#limits.stalenessMs;
    const standing = standingOf({
      complete: rows.every(([, container]) => hasRate(container)),
      startedOver,
      keepable,
      bootstrappable: rows.every(
        ([, { last, silent }]) =>
          !silent && last !== undefined && isBelievableRate(last.rate, last.startMs, last.timeMs),
      ),
    });
    const unchanged = rows.every(([name, { last }]) => {
      return last !== undefined && last === old?.containers.get(name)?.last;
    });
    if (standing === 'kept' && old?.served !== undefined) {
      const same = unchanged && rows.length === old.containers.size && !old.served.kept;
      const spoken = rows.every(([, { silent }]) => !silent);
      pod.served = { ...old.served, kept: !(same && spoken) };
    } else if (standing === 'rate' || standing === 'bootstrap') {
      pod.served = {
        usage: usageOf(rows, standing),
        arrivedMs: Math.min(...rows.map(([, { last }]) => last?.arrivedMs ?? NaN)),
        kept: false,
      };
    }
  }
}

function read(figures: Figures, arrivedMs: number): { presence: Presence; point: PlainPoint } {
  const { start = NaN, time = NaN, cpu, memory = NaN, rate = NaN } = figures;
  const nanos = typeof cpu === 'number' ? BigInt(cpu) * GIGA : cpu;
  const timeMs = time * 1000;
  const startMs = believableStartMs(start * 1000, timeMs);
  const point = { startMs, timeMs, nanos: nanos ?? 0n, memory, rate, arrivedMs };
  const { cpuSeconds, cpuNanos } = counted(point);
  const presence = presenceOf(time, nanos === undefined ? NaN : cpuSeconds, cpuNanos, memory);
  return { presence, point };
}

function counted({ startMs, timeMs, nanos }: PlainPoint) {
  return {
    startMs,
    timeMs,
    cpuSeconds: Number(nanos / GIGA),
    cpuNanos: Number(nanos % GIGA),
  };
}

function hasRate({ last, previous, silent }: PlainContainer): boolean {
  return !silent && last !== undefined && previous !== undefined
    ? last.timeMs - previous.timeMs >= 5_000
    : false;
}

function usageOf(
  rows: readonly (readonly [string, PlainContainer])[],
  standing: 'rate' | 'bootstrap',
): PodUsage {
  let earliest: { timestampMs: number; windowMs: number } | undefined;
  const containers = rows.map(([name, { last, previous }]) => {
    if (last === undefined) throw new Error('Cannot make usage: a container without a point');
    const windowMs =
      standing === 'rate' && previous !== undefined ? last.timeMs - previous.timeMs : 10_000;
    if (earliest === undefined || last.timeMs < earliest.timestampMs) {
      earliest = { timestampMs: last.timeMs, windowMs };
    }
    if (standing === 'bootstrap' || previous === undefined) {
      return { name, cpuNanoCores: Math.trunc(last.rate), memoryBytes: last.memory };
    }
    const used = Number(last.nanos - previous.nanos);
    const seconds = windowMs / 1000;
    const [least, most] = [used / (seconds + 1), used / (seconds - 1)];
    const cpu = last.rate > 0 ? Math.min(Math.max(last.rate, least), most) : used / seconds;
    return { name, cpuNanoCores: Math.trunc(cpu), memoryBytes: last.memory };
  });
  return { timestampMs: NaN, windowMs: NaN, ...earliest, containers };
}
