import { quantityNumber } from './quantity-number.ts';

/** What a container of a joined cluster does, as the annotation `load.simulator/CONTAINER` of its pod says. */
export interface ContainerLoad {
  readonly milliCores: number;
  readonly memoryMib: number;
  /** Its part of a load that several share, instead of a load of its own. */
  readonly shared: string | undefined;
  /** Ready so long after its start; Infinity: never. */
  readonly readyAfterMs: number;
  /** Infinity: it runs until it is deleted. */
  readonly endsAfterMs: number;
  readonly exitCode: number;
  /** False: it runs, and its kubelet says nothing of it. */
  readonly hasFigures: boolean;
}

export const LOAD_ANNOTATION = 'load.simulator/';

/** Sleeps: what a container without an annotation does. */
const IDLE: ContainerLoad = {
  milliCores: 0,
  memoryMib: 8,
  shared: undefined,
  readyAfterMs: 0,
  endsAfterMs: Number.POSITIVE_INFINITY,
  exitCode: 0,
  hasFigures: true,
};

/**
 * Reads words like `cpu=250m memory=64Mi ready=5s ends=10s exit=1` or `shared=NAME ready=never`,
 * or `figures=no`.
 * @throws SyntaxError naming the word.
 */
export function parseLoad(text: string): ContainerLoad {
  let load = IDLE;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    const [name = '', value = ''] = word.split(/=(.*)/s);
    load = { ...load, ...meaningOf(name, value) };
  }
  return load;
}

function meaningOf(name: string, value: string): Partial<ContainerLoad> {
  switch (name) {
    case 'cpu':
      return { milliCores: whole(name, value, quantityNumber(value) * 1000) };
    case 'memory':
      return { memoryMib: whole(name, value, quantityNumber(value) / 2 ** 20) };
    case 'shared':
      return { shared: value };
    case 'ready':
      return { readyAfterMs: value === 'never' ? Number.POSITIVE_INFINITY : seconds(name, value) };
    case 'ends':
      return { endsAfterMs: seconds(name, value) };
    case 'exit':
      return { exitCode: whole(name, value, Number(value)) };
    case 'figures':
      return { hasFigures: value !== 'no' };
    default:
      throw new SyntaxError(`Cannot read load "${name}=${value}": there is no "${name}"`);
  }
}

function seconds(name: string, value: string): number {
  const [, count] = /^(\d+)s$/.exec(value) ?? [];
  if (count === undefined) {
    throw new SyntaxError(`Cannot read load "${name}=${value}": expected seconds, like 5s`);
  }
  return Number(count) * 1000;
}

/** Rounded, since 0.1 * 1000 is not 100 everywhere. */
function whole(name: string, value: string, amount: number): number {
  const rounded = Math.round(amount);
  if (rounded >= 0 && Math.abs(amount - rounded) < 1e-6) return rounded;
  throw new SyntaxError(
    `Cannot read load "${name}=${value}": expected a quantity in whole m, Mi or numbers`,
  );
}
