import { setTimeout as sleep } from 'node:timers/promises';
import { LostTrackError, NodeReference } from '../../support/exact/node-reference.ts';
import { readAnswer } from '../../support/exact/readings.ts';
import {
  type NodeMetricsList,
  type PodMetricsList,
  type Verdict,
  type Whereabouts,
  checkServed,
} from './check-served.ts';
import { type Entry, type HandOver, SETTLES_MS } from './recorder.ts';

export interface ExactCheckOptions {
  /** Of the metrics server. */
  readonly resolutionMs: number;
  /** Entries from that number on are handed over: fetchHandOver(port, from). */
  readonly handOver: (from: number) => Promise<HandOver>;
  /** The JSON of the path below /apis/metrics.k8s.io/v1beta1; rejects unless the answer is 200. */
  readonly list: (resource: 'nodes' | 'pods') => Promise<unknown>;
  /** From a list until all is known of the answers before it, ms (SETTLES_MS). */
  readonly settlesMs?: number;
}

/** Of all checks together. */
export interface ExactFigures {
  readonly checks: number;
  /** Nodes and containers whose CPU, memory, timestamp and window were compared. */
  readonly checked: number;
  /** How many nodes and pods nothing explained. */
  readonly wrong: number;
  /** What is wrong with the first of them, and which nodes are checked no more. */
  readonly complaints: readonly string[];
  /** Of CPU against the mean of the counter by the true times of its points; NaN when nothing was compared. */
  readonly medianError: number;
  readonly worstError: number;
}

const MOST_COMPLAINTS = 20;
/** As long as figures can be served: staleness, and an excused kubelet's five minutes. */
const MEMORY_MS = 7 * 60_000;

/** So long a pod is young: longer than figures are served of a kubelet that is silent. */
const YOUNG_MS = 60_000;

/**
 * Checks again and again, while everything else goes on, that what a metrics server serves of the sampled nodes follows
 * from what their kubelets answered. To be made when the server is about to start; `check` at least once a minute.
 *
 * Usage in the bench:
 *
 *     const exact = new ExactCheck({ resolutionMs, handOver: (from) => fetchHandOver(port, from), list });
 *     await exact.begin();       // just before the server starts: what was answered to others does not count
 *     await exact.check();       // as often as wanted, also while lists are loaded
 *     exact.figures();
 */
export class ExactCheck {
  private readonly options: ExactCheckOptions;
  private readonly references = new Map<string, NodeReference>();
  private readonly errors: number[] = [];
  private readonly complaints: string[] = [];
  /** When the pods that there are now were seen first, ms of Date. */
  private readonly since = new Map<string, number>();
  /** Nodes of which too many answers may have been lost. */
  private readonly lost = new Set<string>();
  private next = 0;
  private checks = 0;
  private checked = 0;
  private wrong = 0;

  constructor(options: ExactCheckOptions) {
    this.options = options;
  }

  /** Forgets all answers up to now. */
  async begin(): Promise<void> {
    const { next, pods } = await this.options.handOver(Number.MAX_SAFE_INTEGER);
    this.next = next;
    this.references.clear();
    this.since.clear();
    for (const pod of pods) this.since.set(keyOf(pod), Number.NEGATIVE_INFINITY);
  }

  /** Reads both lists once. */
  async check(): Promise<Verdict> {
    const before = await this.takeOver();
    const askedAtMs = Date.now();
    const [nodes, pods] = await Promise.all([
      this.options.list('nodes') as Promise<NodeMetricsList>,
      this.options.list('pods') as Promise<PodMetricsList>,
    ]);
    // By now all is known of what was sent before the lists were read.
    await sleep(this.options.settlesMs ?? SETTLES_MS);
    const after = new Map((await this.takeOver()).map((pod) => [keyOf(pod), pod]));
    // A pod that came, went or moved meanwhile may have been served from where it was or where it is.
    const stayed = before.filter((pod) => after.has(keyOf(pod)));
    const isYoung = (pod: Whereabouts): boolean =>
      askedAtMs - (this.since.get(keyOf(pod)) ?? askedAtMs) < YOUNG_MS;
    const verdict = checkServed({ askedAtMs, nodes, pods }, this.references, stayed, isYoung);
    this.checks += 1;
    this.checked += verdict.checked;
    this.wrong += verdict.wrong.length;
    this.complaints.push(...verdict.wrong.slice(0, MOST_COMPLAINTS - this.complaints.length));
    this.errors.push(...verdict.relativeErrors);
    return verdict;
  }

  figures(): ExactFigures {
    const { checks, checked, wrong, complaints } = this;
    const sorted = this.errors.toSorted((one, other) => one - other);
    return {
      ...{ checks, checked, wrong, complaints },
      medianError: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
      worstError: sorted.at(-1) ?? Number.NaN,
    };
  }

  private async takeOver(): Promise<readonly Whereabouts[]> {
    const { entries, next, pods } = await this.options.handOver(this.next);
    this.next = next;
    for (const entry of entries) this.take(entry);
    const nowMs = Date.now();
    const keys = new Set(pods.map((pod) => keyOf(pod)));
    for (const key of keys) if (!this.since.has(key)) this.since.set(key, nowMs);
    for (const key of this.since.keys()) if (!keys.has(key)) this.since.delete(key);
    return pods;
  }

  private take(entry: Entry): void {
    if (this.lost.has(entry.nodeName)) return;
    const reference =
      this.references.get(entry.nodeName) ??
      new NodeReference({ resolutionMs: this.options.resolutionMs, memoryMs: MEMORY_MS });
    this.references.set(entry.nodeName, reference);
    if (entry.kind === 'gone') {
      reference.forget(entry.goneAtMs);
      return;
    }
    try {
      reference.take({
        sentAtMs: entry.sentAtMs,
        mayBeLost: !entry.certain,
        readings: readAnswer(entry.source, entry.body),
        truths: new Map(entry.truths.map(([key, atMs, startMs]) => [key, { atMs, startMs }])),
      });
    } catch (error) {
      if (!(error instanceof LostTrackError)) throw error;
      this.lost.add(entry.nodeName);
      this.references.delete(entry.nodeName);
      this.complaints.push(`node ${entry.nodeName} is checked no more: ${error.message}`);
    }
  }
}

function keyOf({ namespace, name, uid, nodeName }: Whereabouts): string {
  return [namespace, name, uid, nodeName].join('/');
}
