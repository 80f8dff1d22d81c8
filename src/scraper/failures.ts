import type { Logger } from '../log.ts';
import type { KubeletSource } from '../model/node-block.ts';
import type { Usable } from '../model/usage.ts';
import type { ScrapeNode } from './ports.ts';

/** How many failing nodes the summary line names. */
const NAMED_NODES = 5;
const SHORTEST_SUMMARY_PERIOD_MS = 60_000;

/** What is missing from an answer, and what becomes of it. */
const MISSING: ReadonlyMap<Usable, string> = new Map([
  ['none', 'no CPU counter with a working set, neither of the node nor of a running container'],
  ['containers', 'no CPU counter with a working set of the node; its pods are served'],
  ['node', 'no CPU counter with a working set of any running container; the node is served'],
]);

const PATHS = { summary: 'stats/summary', resource: 'metrics/resource' } satisfies Record<
  KubeletSource,
  string
>;

/**
 * Which nodes fail, and why; and the log about it: a line when a node begins to fail, fails for another
 * reason or answers again, and one for all failing nodes from time to time. So it is with a node that
 * answers, and whose figures cannot be used. Nodes that are excused have one line all together.
 */
export class Failures {
  readonly #log: Logger;
  readonly #summaryPeriodMs: number;
  readonly #reasons = new Map<string, string>();
  readonly #missing = new Map<string, string>();
  /** Those among the failing that refuse us for want of kube-apiserver, and how many there were since the first. */
  readonly #excused = new Set<string>();
  #excusedInAll = 0;
  #summedUpAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: Logger, resolutionMs: number) {
    this.#log = log;
    this.#summaryPeriodMs = Math.max(resolutionMs, SHORTEST_SUMMARY_PERIOD_MS);
  }

  get size(): number {
    return this.#reasons.size;
  }

  failed(node: ScrapeNode, error: unknown, isExcused: boolean): void {
    const reason = reasonOf(error);
    const fields = { node: node.name, reason, err: detailOf(error) };
    const isKnown = this.#reasons.get(node.name) === reason;
    this.#reasons.set(node.name, reason);
    if (isExcused) {
      this.#excuse(fields);
      return;
    }
    const wasExcused = this.#endExcuse(node.name);
    if (isKnown && !wasExcused) return;
    if (node.ready) this.#log.error(fields, 'Failed to scrape node');
    else this.#log.info(fields, 'Failed to scrape node that is not ready');
  }

  succeeded(node: ScrapeNode): void {
    if (!this.#reasons.delete(node.name)) return;
    const fields = { node: node.name };
    if (this.#endExcuse(node.name)) this.#log.debug(fields, 'Scraped node again');
    else this.#log.info(fields, 'Scraped node again');
  }

  /** The node has answered; `usable` is of what there were figures. */
  answered(node: ScrapeNode, usable: Usable, source: KubeletSource): void {
    const reason = MISSING.get(usable);
    const before = this.#missing.get(node.name);
    if (reason === before) return;
    if (reason === undefined) {
      this.#missing.delete(node.name);
      this.#log.info({ node: node.name }, 'Kubelet gives all figures again');
      return;
    }
    this.#missing.set(node.name, reason);
    const path = `/api/v1/nodes/${node.name}/proxy/${PATHS[source]}`;
    const remedy = `Look at "kubectl get --raw ${path}": what the kubelet cannot measure is 0 or missing there, mostly for want of cgroups or of a container runtime that reports`;
    this.#log.warn({ node: node.name, reason, remedy }, 'Kubelet answered without usable figures');
  }

  forget(nodeName: string): void {
    this.#reasons.delete(nodeName);
    this.#missing.delete(nodeName);
    this.#endExcuse(nodeName);
  }

  countsByReason(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const reason of this.#reasons.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return counts;
  }

  /** Logs what still fails, at most once a period. `nowMs` is monotonic. */
  sumUp(nodes: number, nowMs: number): void {
    if (this.#reasons.size === 0 || nowMs - this.#summedUpAtMs < this.#summaryPeriodMs) return;
    this.#summedUpAtMs = nowMs;
    const reasons = [...this.countsByReason()].map(([reason, count]) => `${reason}: ${count}`);
    this.#log.warn(
      {
        failing: this.#reasons.size,
        nodes,
        reasons: reasons.join(', '),
        among: [...this.#reasons.keys()].slice(0, NAMED_NODES).join(', '),
      },
      'Nodes could not be scraped',
    );
  }

  #excuse(fields: { readonly node: string; readonly reason: string; readonly err: string }): void {
    if (this.#excused.has(fields.node)) return;
    this.#log.debug(fields, 'Kubelet refuses us while kube-apiserver is away');
    if (this.#excused.size === 0) {
      this.#excusedInAll = 0;
      const remedy =
        'Bring kube-apiserver back: kubelets ask it whether they may answer us; until they can, figures stay as they are, for some minutes at most';
      this.#log.warn({ ...fields, remedy }, 'Kubelets refuse us while kube-apiserver is away');
    }
    this.#excused.add(fields.node);
    this.#excusedInAll += 1;
  }

  /** Returns whether there was one. */
  #endExcuse(nodeName: string): boolean {
    if (!this.#excused.delete(nodeName)) return false;
    if (this.#excused.size === 0) {
      this.#log.info(
        { nodes: this.#excusedInAll },
        'No kubelet refuses us for want of kube-apiserver any more',
      );
    }
    return true;
  }
}

/** The kind that the kubelet's reader gives its errors; of others their name. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'kind' in error && typeof error.kind === 'string' ? error.kind : error.name;
}

/** What is expected is told in a sentence; what is not needs its stack. */
function detailOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'kind' in error || error.stack === undefined ? error.message : error.stack;
}
