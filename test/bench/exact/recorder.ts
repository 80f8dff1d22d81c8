import { createHash } from 'node:crypto';
import type { KubeletAnswer } from '../../../src/simulator/kubelet.ts';
import type { NodeView } from '../../../src/simulator/samples.ts';
import type { World } from '../../../src/simulator/world.ts';
import { NODE } from '../../support/exact/node-reference.ts';
import type { Source } from '../../support/exact/readings.ts';
import type { Whereabouts } from './check-served.ts';

/** Of a sampled node, in the order in which things happened. */
export type Entry = AnswerEntry | GoneEntry;

interface Recorded {
  readonly entry: Entry;
  /** Whether all is known of it: whether it was taken. */
  isSettled: boolean;
}

interface AnswerEntry {
  readonly kind: 'answer';
  readonly at: number;
  readonly nodeName: string;
  /** When its body began to be sent, ms since the epoch. */
  readonly sentAtMs: number;
  readonly source: Source;
  readonly body: string;
  /** False when the connection broke, or a fault made it uncertain that the body was taken. */
  certain: boolean;
  /** When points were really taken and containers really started, ms, by `NAMESPACE/POD/CONTAINER` and NODE. */
  readonly truths: readonly (readonly [key: string, atMs: number, startMs: number])[];
}

/** The node was deleted. */
interface GoneEntry {
  readonly kind: 'gone';
  readonly at: number;
  readonly nodeName: string;
  /** When, ms since the epoch. */
  readonly goneAtMs: number;
}

/** What the recorder knows since somebody asked last. */
export interface HandOver {
  readonly entries: readonly Entry[];
  /** The number of the next entry: what is asked for next time. */
  readonly next: number;
  /** The pods that the sampled nodes have now. */
  readonly pods: readonly Whereabouts[];
}

/** One in so many nodes is sampled, and at least one. */
const ONE_IN = 100;
/** Of all sampled nodes together; 10 nodes of 30 pods at 15 s fill it in five minutes. */
const MOST_ENTRIES = 2_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** After that all is known of an answer, as a rule: it was sent in milliseconds, and its reader stayed for a second. */
export const SETTLES_MS = 1_500;
/** Then it counts as one that nobody knows to have been taken. */
const SETTLED_WITHIN_MS = 5_000;

/** Faults under which the body arrives as it stands; under all others nobody knows. */
const HARMLESS: ReadonlySet<string | undefined> = new Set([
  undefined,
  'lying-negative',
  'lying-huge',
  'clock-back',
  'counter-reset',
  'not-ready',
]);

/**
 * Keeps what the kubelets of a stable sample of all nodes really answered, until it is asked for: the same nodes in
 * every run, and of those that come later as many.
 */
export class AnswerRecorder {
  private readonly world: World;
  /** Nodes with a mark up to this one are sampled. */
  private readonly lastMark: string;
  private readonly entries: Recorded[] = [];
  private bytes = 0;
  private next = 0;
  private readonly unsubscribe: () => void;

  constructor(world: World) {
    this.world = world;
    const marks = world
      .nodes()
      .map(({ name }) => markOf(name))
      .sort();
    this.lastMark = marks[Math.max(1, Math.ceil(marks.length / ONE_IN)) - 1] ?? '';
    this.unsubscribe = world.subscribe(({ type, object }) => {
      if (object.kind !== 'Node' || type !== 'deleted') return;
      const nodeName = object.metadata.name;
      if (!this.samples(nodeName)) return;
      const entry = { kind: 'gone' as const, at: this.next++, nodeName, goneAtMs: Date.now() };
      this.add({ entry, isSettled: true });
    });
  }

  samples(nodeName: string): boolean {
    return markOf(nodeName) <= this.lastMark;
  }

  /** For the simulator's `onAnswer`. */
  record({ nodeName, source, body, view, fault, sent }: KubeletAnswer): void {
    if (!this.samples(nodeName)) return;
    const entry: Entry = {
      kind: 'answer',
      at: this.next++,
      nodeName,
      sentAtMs: Date.now(),
      source,
      body: typeof body === 'string' ? body : Buffer.from(body).toString(),
      certain: false,
      truths: view ? truthsOf(view) : [],
    };
    const recorded = { entry, isSettled: !HARMLESS.has(fault) };
    this.add(recorded);
    if (recorded.isSettled) return;
    const settle = (isWhole: boolean): void => {
      if (!recorded.isSettled) entry.certain = isWhole;
      recorded.isSettled = true;
    };
    void sent.then(settle);
    setTimeout(settle, SETTLED_WITHIN_MS, false).unref();
  }

  /**
   * The entries from that number on, which may be one that is yet to come, up to the first of which not all is known:
   * those of the last SETTLES_MS are not handed over. Those before that number are dropped.
   * Throws when some were dropped that nobody has seen: the sample was too large, or nobody came for too long.
   */
  handOver(from: number): HandOver {
    while ((this.entries[0]?.entry.at ?? from) < from) this.drop();
    const [first] = this.entries;
    if (from < this.next && first?.entry.at !== from) {
      const oldest = first?.entry.at ?? 'gone';
      throw new Error(`Cannot hand over from entry ${from}: the oldest is ${oldest}`);
    }
    const unsettled = this.entries.findIndex(({ isSettled }) => !isSettled);
    const known = this.entries.slice(0, unsettled < 0 ? undefined : unsettled);
    const next = Math.min(from, this.next) + known.length;
    return { entries: known.map(({ entry }) => entry), next, pods: this.pods() };
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  private pods(): Whereabouts[] {
    return this.world
      .nodes()
      .filter(({ name }) => this.samples(name))
      .flatMap(({ name: nodeName }) =>
        [...this.world.podsOn(nodeName)].map(({ namespace, name, kubeletUid: uid }) => ({
          ...{ namespace, name, uid, nodeName },
        })),
      );
  }

  private add(recorded: Recorded): void {
    this.entries.push(recorded);
    this.bytes += bytesOf(recorded.entry);
    while (this.entries.length > MOST_ENTRIES || this.bytes > MOST_BYTES) this.drop();
  }

  private drop(): void {
    const recorded = this.entries.shift();
    if (recorded) this.bytes -= bytesOf(recorded.entry);
  }
}

function bytesOf(entry: Entry): number {
  return entry.kind === 'answer' ? entry.body.length : 0;
}

/** Evenly spread, and always the same for the same name. */
function markOf(nodeName: string): string {
  return createHash('sha256').update(nodeName).digest('hex');
}

/** When its points were really taken, and when what they are of really started, ms; by `NAMESPACE/POD/CONTAINER` and NODE. */
export function truthsOf({ node, sample, pods }: NodeView): [string, number, number][] {
  return [
    [NODE, sample.atMs, node.plan?.bootMs ?? Number.NaN],
    ...pods.flatMap(({ pod, containers }) =>
      containers.map((view): [string, number, number] => [
        `${pod.namespace}/${pod.name}/${view.container.name}`,
        view.sample.atMs,
        view.startMs,
      ]),
    ),
  ];
}
