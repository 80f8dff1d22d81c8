/**
 * What containers do, as closed formulas of time: nothing is counted, so reading changes nothing, two
 * readers at one instant get the same number, and every served figure can be computed on paper.
 *
 * CPU is given in whole microcores and time in whole milliseconds, because their product is exactly
 * nanoseconds of CPU: 1 µcore x 1 ms = 1 ns.
 */

type WorkloadKind = 'idle' | 'steady' | 'wave' | 'burst' | 'leak' | 'restarting';

/** CPU over the age of a container. Periods are even numbers of ms, so that half of one is exact. */
type CpuCurve =
  /** Some work while starting (spread over the first 100 ms), then none: what a sleeping process shows. */
  | { readonly shape: 'none'; readonly startupNanos: number }
  | { readonly shape: 'flat'; readonly microCores: number }
  /** A triangle: from low to high in the first half of a period, and back in the second. */
  | (Swing & { readonly shape: 'triangle' })
  /** High for the first `busyMs` of every period, low for the rest. */
  | (Swing & { readonly shape: 'square'; readonly busyMs: number })
  /** As much from each age on; nothing before the first. Steps may be added while it runs, at its end only. */
  | { readonly shape: 'steps'; readonly steps: readonly Step[] };

/** How much (µcores, or bytes) from an age on, in ms; ages rise. */
export interface Step {
  readonly fromMs: number;
  readonly amount: number;
}

interface Swing {
  readonly lowMicroCores: number;
  readonly highMicroCores: number;
  readonly periodMs: number;
  /** How far into a period the container starts. */
  readonly phaseMs: number;
}

/** The working set over the age of a container, in bytes (given out in whole pages of 4096). */
type MemoryCurve =
  | { readonly shape: 'flat'; readonly bytes: number }
  | {
      readonly shape: 'triangle';
      readonly lowBytes: number;
      readonly highBytes: number;
      readonly periodMs: number;
      readonly phaseMs: number;
    }
  | { readonly shape: 'growing'; readonly bytes: number; readonly bytesPerSecond: number }
  | { readonly shape: 'steps'; readonly steps: readonly Step[] };

/**
 * The lives of a container that ends again and again: it runs for `runMs`, waits, and starts anew, with
 * counters at zero. The wait doubles from `backOffMs` up to `maxBackOffMs`, as the kubelet's does.
 */
interface Lives {
  readonly runMs: number;
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
}

export interface Workload {
  readonly kind: WorkloadKind;
  readonly cpu: CpuCurve;
  readonly memory: MemoryCurve;
  /** Undefined: one life without end. */
  readonly lives: Lives | undefined;
}

/** One life of a container; ages are ms since its first start. */
export interface Life {
  /** How often it had been started before. */
  readonly restarts: number;
  readonly fromMs: number;
  /** When it ends or ended; Infinity for a life without end. */
  readonly untilMs: number;
  /** False during the wait after its end. */
  readonly running: boolean;
}

const ENDLESS: Life = { restarts: 0, fromMs: 0, untilMs: Number.POSITIVE_INFINITY, running: true };
const STARTUP_MS = 100;
const PAGE_BYTES = 4096;

/** The life that a container of this age is in, or whose end it waits after. The age must not be negative. */
export function lifeAt(workload: Workload, ageMs: number): Life {
  const { lives } = workload;
  if (!lives) return ENDLESS;
  const { runMs, maxBackOffMs } = lives;
  let restarts = 0;
  let fromMs = 0;
  let backOffMs = Math.min(lives.backOffMs, maxBackOffMs);
  while (backOffMs < maxBackOffMs && ageMs >= fromMs + runMs + backOffMs) {
    fromMs += runMs + backOffMs;
    backOffMs = Math.min(backOffMs * 2, maxBackOffMs);
    restarts++;
  }
  // From here on the wait is constant, if the age reached that far at all.
  const more = Math.floor((ageMs - fromMs) / (runMs + backOffMs));
  restarts += more;
  fromMs += more * (runMs + backOffMs);
  return { restarts, fromMs, untilMs: fromMs + runMs, running: ageMs < fromMs + runMs };
}

/** The CPU counter of the present life, in ns: it starts at zero, and stands still once the life has ended. */
export function cpuNanosOfLife(workload: Workload, ageMs: number): bigint {
  const life = lifeAt(workload, ageMs);
  return cpuIntegral(workload.cpu, Math.min(ageMs, life.untilMs) - life.fromMs);
}

/** CPU of all lives together, in ns: what the pod and the node count, which outlive the container. */
export function cpuNanosOfAllLives(workload: Workload, ageMs: number): bigint {
  if (!workload.lives) return cpuIntegral(workload.cpu, ageMs);
  const { restarts } = lifeAt(workload, ageMs);
  const whole = cpuIntegral(workload.cpu, workload.lives.runMs);
  return BigInt(restarts) * whole + cpuNanosOfLife(workload, ageMs);
}

/** The integral of the curve from the start to this age, in whole ns, cut off. It never falls as age grows. */
export function cpuIntegral(curve: CpuCurve, ageMs: number): bigint {
  const age = BigInt(ageMs);
  switch (curve.shape) {
    case 'none':
      return (
        (BigInt(curve.startupNanos) * BigInt(Math.min(ageMs, STARTUP_MS))) / BigInt(STARTUP_MS)
      );
    case 'flat':
      return BigInt(curve.microCores) * age;
    case 'triangle':
      return (
        triangleIntegral(curve, curve.phaseMs + ageMs) - triangleIntegral(curve, curve.phaseMs)
      );
    case 'square':
      return squareIntegral(curve, curve.phaseMs + ageMs) - squareIntegral(curve, curve.phaseMs);
    case 'steps':
      return stepsIntegral(curve.steps, ageMs);
  }
}

function triangleIntegral(curve: Swing, untilMs: number): bigint {
  const { lowMicroCores, highMicroCores, periodMs } = curve;
  const periods = Math.floor(untilMs / periodMs);
  const rest = untilMs - periods * periodMs;
  const period = BigInt(periodMs);
  // Area under the rising side after x ms: low*x + (high-low)*x²/period. The falling side mirrors it.
  const rising = (x: bigint) =>
    BigInt(lowMicroCores) * x + (BigInt(highMicroCores - lowMicroCores) * x * x) / period;
  const wholePeriod = (BigInt(lowMicroCores + highMicroCores) * period) / 2n;
  const part =
    rest <= periodMs / 2 ? rising(BigInt(rest)) : wholePeriod - rising(BigInt(periodMs - rest));
  return BigInt(periods) * wholePeriod + part;
}

function squareIntegral(curve: Swing & { readonly busyMs: number }, untilMs: number): bigint {
  const { lowMicroCores, highMicroCores, periodMs, busyMs } = curve;
  const periods = Math.floor(untilMs / periodMs);
  const rest = untilMs - periods * periodMs;
  const busy = BigInt(periods) * BigInt(busyMs) + BigInt(Math.min(rest, busyMs));
  const calm = BigInt(periods) * BigInt(periodMs - busyMs) + BigInt(Math.max(0, rest - busyMs));
  return BigInt(highMicroCores) * busy + BigInt(lowMicroCores) * calm;
}

function stepsIntegral(steps: readonly Step[], untilMs: number): bigint {
  let sum = 0n;
  for (const [at, { fromMs, amount }] of steps.entries()) {
    const endMs = Math.min(untilMs, steps[at + 1]?.fromMs ?? untilMs);
    if (endMs > fromMs) sum += BigInt(amount) * BigInt(endMs - fromMs);
  }
  return sum;
}

/** The working set at this age, in bytes: whole pages, as the kernel counts. Zero after the end of a life. */
export function memoryBytesAt(workload: Workload, ageMs: number): number {
  const life = lifeAt(workload, ageMs);
  if (!life.running) return 0;
  const bytes = memoryOf(workload.memory, ageMs - life.fromMs);
  return Math.floor(bytes / PAGE_BYTES) * PAGE_BYTES;
}

function memoryOf(curve: MemoryCurve, ageMs: number): number {
  switch (curve.shape) {
    case 'flat':
      return curve.bytes;
    case 'growing':
      return curve.bytes + Math.floor((curve.bytesPerSecond * ageMs) / 1000);
    case 'steps':
      return curve.steps.findLast(({ fromMs }) => fromMs <= ageMs)?.amount ?? 0;
    case 'triangle': {
      const at = (curve.phaseMs + ageMs) % curve.periodMs;
      const risen = Math.min(at, curve.periodMs - at) * 2;
      return (
        curve.lowBytes + Math.floor(((curve.highBytes - curve.lowBytes) * risen) / curve.periodMs)
      );
    }
  }
}

const MIB = 1024 * 1024;

/** Sleeps: a CPU counter that moved while starting and stands still since. */
export function idle({ memoryMib = 8 }: { memoryMib?: number } = {}): Workload {
  return {
    kind: 'idle',
    cpu: { shape: 'none', startupNanos: 17_099_058 },
    memory: { shape: 'flat', bytes: memoryMib * MIB },
    lives: undefined,
  };
}

export function steady(load: { milliCores: number; memoryMib: number }): Workload {
  return {
    kind: 'steady',
    cpu: { shape: 'flat', microCores: load.milliCores * 1000 },
    memory: { shape: 'flat', bytes: load.memoryMib * MIB },
    lives: undefined,
  };
}

interface SwingingLoad {
  readonly lowMilliCores: number;
  readonly highMilliCores: number;
  readonly memoryMib: number;
  readonly periodMs: number;
  readonly phaseMs?: number;
}

/** Rises and falls evenly, and its memory by a quarter with it. */
export function wave(load: SwingingLoad): Workload {
  const phaseMs = load.phaseMs ?? 0;
  return {
    kind: 'wave',
    cpu: { shape: 'triangle', ...microCoresOf(load), periodMs: load.periodMs, phaseMs },
    memory: {
      shape: 'triangle',
      lowBytes: load.memoryMib * MIB,
      highBytes: Math.floor(load.memoryMib * MIB * 1.25),
      periodMs: load.periodMs,
      phaseMs,
    },
    lives: undefined,
  };
}

/** Busy for `busyMs` of every period. */
export function burst(load: SwingingLoad & { readonly busyMs: number }): Workload {
  const { periodMs, busyMs, phaseMs = 0 } = load;
  return {
    kind: 'burst',
    cpu: { shape: 'square', ...microCoresOf(load), periodMs, busyMs, phaseMs },
    memory: { shape: 'flat', bytes: load.memoryMib * MIB },
    lives: undefined,
  };
}

function microCoresOf(load: SwingingLoad): { lowMicroCores: number; highMicroCores: number } {
  return {
    lowMicroCores: load.lowMilliCores * 1000,
    highMicroCores: load.highMilliCores * 1000,
  };
}

/** Grows until it meets its limit, is killed by the kernel, and starts anew 10 s later. */
export function leak(load: {
  milliCores: number;
  memoryMib: number;
  limitMib: number;
  mibPerMinute: number;
}): Workload {
  const bytesPerSecond = Math.floor((load.mibPerMinute * MIB) / 60);
  const room = (load.limitMib - load.memoryMib) * MIB;
  return {
    kind: 'leak',
    cpu: { shape: 'flat', microCores: load.milliCores * 1000 },
    memory: { shape: 'growing', bytes: load.memoryMib * MIB, bytesPerSecond },
    lives: {
      runMs: Math.floor((room / bytesPerSecond) * 1000),
      backOffMs: 10_000,
      maxBackOffMs: 10_000,
    },
  };
}

/** Fails after `runMs` and is started again after a wait that doubles, as the kubelet's does. */
export function restarting(load: {
  milliCores: number;
  memoryMib: number;
  runMs: number;
  maxBackOffMs?: number;
}): Workload {
  return {
    ...steady(load),
    kind: 'restarting',
    lives: { runMs: load.runMs, backOffMs: 10_000, maxBackOffMs: load.maxBackOffMs ?? 300_000 },
  };
}
