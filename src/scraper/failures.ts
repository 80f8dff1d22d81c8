import type { Logger } from '../log.ts';
import type { ScrapeNode } from './ports.ts';

/** How many failing nodes the summary line names. */
const NAMED_NODES = 5;
const SHORTEST_SUMMARY_PERIOD_MS = 60_000;

/**
 * Which nodes fail, and why; and the log about it: a line when a node begins to fail, fails for another
 * reason or answers again, and one for all failing nodes from time to time.
 */
export class Failures {
  readonly #log: Logger;
  readonly #summaryPeriodMs: number;
  readonly #reasons = new Map<string, string>();
  #summedUpAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: Logger, resolutionMs: number) {
    this.#log = log;
    this.#summaryPeriodMs = Math.max(resolutionMs, SHORTEST_SUMMARY_PERIOD_MS);
  }

  get size(): number {
    return this.#reasons.size;
  }

  failed(node: ScrapeNode, error: unknown): void {
    const reason = reasonOf(error);
    if (this.#reasons.get(node.name) === reason) return;
    this.#reasons.set(node.name, reason);
    const fields = { node: node.name, reason, err: detailOf(error) };
    if (node.ready) this.#log.error(fields, 'Failed to scrape node');
    else this.#log.info(fields, 'Failed to scrape node that is not ready');
  }

  succeeded(node: ScrapeNode): void {
    if (this.#reasons.delete(node.name)) {
      this.#log.info({ node: node.name }, 'Scraped node again');
    }
  }

  forget(nodeName: string): void {
    this.#reasons.delete(nodeName);
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
