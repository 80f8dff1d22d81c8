import type { Clock } from '../../src/clock.ts';
import { populate } from '../../src/simulator/population.ts';
import { World } from '../../src/simulator/world.ts';
import type { PodPlan } from '../../src/simulator/world-objects.ts';

/** How large a simulated cluster is. */
export interface Size {
  readonly nodes: number;
  readonly podsPerNode: number;
}

export interface BenchWorld {
  readonly world: World;
  /** `namespace/name` of the pods that always have a rate above zero and never crash. */
  readonly steadyPods: readonly string[];
  readonly selected: Selected;
}

/** What the requests with a namespace and a label selector ask for. */
export interface Selected {
  readonly namespace: string;
  readonly selector: string;
  readonly pods: number;
}

const NAMESPACE = 'shop';
const LABEL = 'bench';
const VALUE = 'selected';
/** 1,000 pods of 30,000 match, and nowhere more. */
const SHARE_SELECTED = 1 / 30;
const MOST_SELECTED = 1_000;
/** A namespace of the shop then has some 4,500 of them. */
const PODS_PER_NAMESPACES = 7_500;
const MOST_STAGES = 20;
const SEED = 1;
const DAY_MS = 86_400_000;
const STEADY_KINDS: ReadonlySet<string> = new Set(['steady', 'wave', 'burst']);

/** The generated world of the simulator, in which some pods of one namespace bear a label of ours. */
export function createBenchWorld({ nodes, podsPerNode }: Size, clock: Clock): BenchWorld {
  const startMs = Math.floor(clock.nowMs());
  const pods = nodes * podsPerNode;
  const stages = Math.min(MOST_STAGES, Math.ceil(pods / PODS_PER_NAMESPACES));
  const population = populate({
    nodes,
    pods,
    namespaces: 4 * stages,
    seed: SEED,
    startMs,
    withoutFigures: false,
  });
  const world = new World({ seed: SEED, clock });
  for (const name of population.namespaces) world.addNamespace(name, startMs - 30 * DAY_MS);
  for (const plan of population.nodes) world.addNode(plan);
  const chosen = chooseSelected(population.pods);
  for (const plan of population.pods) {
    world.addPod(chosen.has(plan) ? { ...plan, labels: { ...plan.labels, [LABEL]: VALUE } } : plan);
  }
  return {
    world,
    steadyPods: population.pods
      .filter((plan) => isSteady(plan))
      .map(({ namespace, name }) => `${namespace}/${name}`),
    selected: { namespace: NAMESPACE, selector: `${LABEL}=${VALUE}`, pods: chosen.size },
  };
}

function isSteady({ containers }: PodPlan): boolean {
  return containers.every(({ workload }) => STEADY_KINDS.has(workload.kind));
}

/** Evenly among those of the namespace, or all of them where they are fewer. */
function chooseSelected(plans: readonly PodPlan[]): ReadonlySet<PodPlan> {
  const candidates = plans.filter((plan) => plan.namespace === NAMESPACE && isSteady(plan));
  const count = Math.min(candidates.length, selectedOf(plans.length));
  return new Set(
    Array.from(
      { length: count },
      (_, at) => candidates[Math.floor((at * candidates.length) / count)],
    ).filter((plan) => plan !== undefined),
  );
}

/** How many of so many pods match the selector, where the namespace has as many. */
export function selectedOf(pods: number): number {
  return Math.ceil(Math.min(MOST_SELECTED, pods * SHARE_SELECTED));
}
