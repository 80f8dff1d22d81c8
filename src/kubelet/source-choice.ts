import type { KubeletSource } from '../model/node-block.ts';
import type { KubeletNode } from './node-address.ts';

/** The exact value, or a kubelet answers with everything it has. */
const SUMMARY_PATH = '/stats/summary?only_cpu_and_memory=true';
const RESOURCE_PATH = '/metrics/resource';
/** A rule may have been granted, or a kubelet been replaced. */
const TRY_SUMMARY_AGAIN_MS = 3_600_000;

export interface Ask {
  readonly source: KubeletSource;
  readonly path: string;
  /** Whether a refusal of this path is to be answered by asking for the second source. */
  readonly mayFallBack: boolean;
}

/**
 * Which of the two sources to ask a node for (docs/design.md 2.1): its annotation, then the flag, then
 * the summary; where a kubelet refuses that, the second source, for an hour.
 */
export class SourceChoice {
  readonly #flag: 'auto' | KubeletSource;
  /** Monotonic ms until which the summary is not asked for. */
  readonly #refusedUntilMs = new Map<string, number>();

  constructor(flag: 'auto' | KubeletSource) {
    this.#flag = flag;
  }

  first(node: KubeletNode, nowMs: number): Ask {
    if (node.resourceMetricsPath !== '') {
      return { source: 'resource', path: asPath(node.resourceMetricsPath), mayFallBack: false };
    }
    const refused = (this.#refusedUntilMs.get(node.name) ?? Number.NEGATIVE_INFINITY) > nowMs;
    if (this.#flag === 'resource' || (this.#flag === 'auto' && refused)) return SECOND;
    return { source: 'summary', path: SUMMARY_PATH, mayFallBack: this.#flag === 'auto' };
  }

  /** The summary was refused. Returns what to ask for instead, in the same scrape. */
  second(): Ask {
    return SECOND;
  }

  /** The second source answered where the summary was refused: it is asked first from now on. */
  remember(nodeName: string, nowMs: number): void {
    this.#refusedUntilMs.set(nodeName, nowMs + TRY_SUMMARY_AGAIN_MS);
  }

  forget(nodeName: string): void {
    this.#refusedUntilMs.delete(nodeName);
  }
}

const SECOND: Ask = { source: 'resource', path: RESOURCE_PATH, mayFallBack: false };

/** A path only: what would begin a query or a fragment, and what a URL may not hold, is escaped. */
function asPath(annotation: string): string {
  const path = annotation.startsWith('/') ? annotation : `/${annotation}`;
  return encodeURI(path.toWellFormed()).replaceAll('?', '%3F').replaceAll('#', '%23');
}
