import process from 'node:process';
import type { Size } from './bench-world.ts';
import { Children, firstLine } from './children.ts';
import type { ClusterAddress } from './cluster-address.ts';
import type { Contestant } from './contestant.ts';
import type { Figures } from './figures.ts';
import type { Means } from './launch.ts';
import { type ClusterUnderTest, type Pace, measureRun } from './measure.ts';
import { measureReference } from './reference.ts';
import { type SizeResult, sizeName } from './targets.ts';

export interface CompareSpec {
  readonly ours: Contestant;
  /** Undefined: ours alone. */
  readonly theirs: Contestant | undefined;
  readonly sizes: readonly Size[];
  /** Below LARGE_NODES; undefined: as many as a size has by itself. */
  readonly rounds: number | undefined;
  readonly means: Means;
  readonly paceAt: (size: Size) => Pace;
  readonly progress: (line: string) => void;
  /** Told as soon as all rounds of a size are over. */
  readonly sizeDone: (result: SizeResult) => void;
}

const ROUNDS = 3;
/** From so many nodes on, one round: each takes minutes. */
const LARGE_NODES = 5_000;

/** Runs both servers in turns at each size, on one cluster a size. */
export async function compare(spec: CompareSpec): Promise<SizeResult[]> {
  const results: SizeResult[] = [];
  for (const size of spec.sizes) results.push(await compareAt(size, spec));
  return results;
}

async function compareAt(size: Size, spec: CompareSpec): Promise<SizeResult> {
  await using house = new AsyncDisposableStack();
  const { ours, theirs, means } = spec;
  const pace = spec.paceAt(size);
  const rounds = size.nodes >= LARGE_NODES ? 1 : (spec.rounds ?? ROUNDS);
  spec.progress(`${sizeName(size)}: starting the kubelets`);
  const cluster = await startCluster(size, new Children(means.pins, house));
  const found = new Map<Contestant, Figures[]>();
  const problems: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    const pair = [ours, ...(theirs ? [theirs] : [])];
    // Whoever came first in one round comes second in the next.
    for (const contestant of round % 2 === 1 ? pair : pair.toReversed()) {
      const progress = (line: string): void => {
        spec.progress(
          `${sizeName(size)}, round ${round} of ${rounds}, ${contestant.name}: ${line}`,
        );
      };
      const life = await measureRun({ contestant, cluster, means, pace, progress });
      const { figures, problem } = life;
      if (problem !== undefined) problems.push(`${contestant.name}, round ${round}: ${problem}`);
      found.set(contestant, [...(found.get(contestant) ?? []), figures]);
    }
  }
  spec.progress(`${sizeName(size)}: plain work, for reference`);
  const own = found.get(ours) ?? [];
  const last = own.at(-1);
  const reference =
    last && (await measureReference(size.podsPerNode, last, cluster.address, means));
  const result = { size, ours: own, theirs: theirs && found.get(theirs), problems, reference };
  spec.sizeDone(result);
  return result;
}

async function startCluster(size: Size, children: Children): Promise<ClusterUnderTest> {
  const words = [String(size.nodes), String(size.podsPerNode)];
  const child = children.startScript('cluster-process.ts', words, 'lines');
  const address = JSON.parse(await firstLine(child)) as ClusterAddress;
  if (child.pid === undefined) throw new Error(`Cannot start ${process.execPath}`);
  return { address, pid: child.pid, size };
}
