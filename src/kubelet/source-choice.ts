import type { KubeletSource } from '../model/node-block.ts';
import type { KubeletNode } from './node-address.ts';

/** The exact value, or a kubelet answers with everything it has. */
const SUMMARY_PATH = '/stats/summary?only_cpu_and_memory=true';
const RESOURCE_PATH = '/metrics/resource';
/** A rule may have been granted, or a kubelet been replaced. */
const TRY_SUMMARY_AGAIN_MS = 3_600_000;

export interface Ask {
  readonly source: KubeletSource;
  /** Path and query. */
  readonly path: string;
  /** What to ask for in the same scrape when the kubelet refuses this. */
  readonly otherwise: Ask | undefined;
}

const RESOURCE: Ask = { source: 'resource', path: RESOURCE_PATH, otherwise: undefined };
const SUMMARY: Ask = { source: 'summary', path: SUMMARY_PATH, otherwise: undefined };
const SUMMARY_OR_RESOURCE: Ask = { ...SUMMARY, otherwise: RESOURCE };

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

  for(node: KubeletNode, nowMs: number): Ask {
    if (node.resourceMetricsPath !== '') {
      return { source: 'resource', path: asPath(node.resourceMetricsPath), otherwise: undefined };
    }
    if (this.#flag !== 'auto') return this.#flag === 'summary' ? SUMMARY : RESOURCE;
    const refusedUntilMs = this.#refusedUntilMs.get(node.name);
    if (refusedUntilMs === undefined) return SUMMARY_OR_RESOURCE;
    if (nowMs < refusedUntilMs) return RESOURCE;
    this.#refusedUntilMs.delete(node.name);
    return SUMMARY_OR_RESOURCE;
  }

  /** The second source answered where the summary was refused: it alone is asked for an hour. */
  remember(nodeName: string, nowMs: number): void {
    this.#refusedUntilMs.set(nodeName, nowMs + TRY_SUMMARY_AGAIN_MS);
  }

  forget(nodeName: string): void {
    this.#refusedUntilMs.delete(nodeName);
  }
}

/** What Go leaves as it is in the path of a URL (net/url, shouldEscape). */
const ESCAPED = /[^\w\-.~$&+,/:;=@]/;

/** A path only: everything that would begin a query or a fragment is escaped (as upstream, contract 10.2). */
function asPath(annotation: string): string {
  const path = annotation.startsWith('/') ? annotation : `/${annotation}`;
  if (!ESCAPED.test(path)) return path;
  const characters = [...Buffer.from(path)].map((byte) => {
    const character = String.fromCharCode(byte);
    const code = byte.toString(16).toUpperCase().padStart(2, '0');
    return ESCAPED.test(character) ? `%${code}` : character;
  });
  return characters.join('');
}
