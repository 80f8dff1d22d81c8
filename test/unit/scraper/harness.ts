import { jest } from '@jest/globals';
import type { Logger } from '../../../src/log.ts';
import type { NodeBlock } from '../../../src/model/node-block.ts';
import type { Usable } from '../../../src/model/usage.ts';
import type { NodeSource, Reviewer, ScrapeNode } from '../../../src/scraper/ports.ts';
import { Scraper } from '../../../src/scraper/scraper.ts';

export function aNode(name: string, change: Partial<ScrapeNode> = {}): ScrapeNode {
  return {
    name,
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    kubeletPort: 10250,
    resourceMetricsPath: '',
    ready: true,
    ...change,
  };
}

export function someNodes(count: number): ScrapeNode[] {
  return Array.from({ length: count }, (_, at) => aNode(`node-${String(at).padStart(4, '0')}`));
}

/** A source whose nodes the test adds, changes and takes away. */
class TestNodes implements NodeSource {
  readonly #nodes = new Map<string, ScrapeNode>();
  #listener: Parameters<NodeSource['subscribe']>[0] | undefined;

  constructor(nodes: readonly ScrapeNode[]) {
    for (const node of nodes) this.#nodes.set(node.name, node);
  }

  list(): Iterable<ScrapeNode> {
    return this.#nodes.values();
  }

  subscribe(listener: Parameters<NodeSource['subscribe']>[0]): () => void {
    this.#listener = listener;
    return () => (this.#listener = undefined);
  }

  get isWatched(): boolean {
    return this.#listener !== undefined;
  }

  upsert(node: ScrapeNode): void {
    this.#nodes.set(node.name, node);
    this.#listener?.upserted(node);
  }

  delete(name: string): void {
    this.#nodes.delete(name);
    this.#listener?.deleted(name);
  }
}

/** A kube-apiserver that the test takes away and brings back. */
class TestReviewer implements Reviewer {
  #listener: Parameters<Reviewer['subscribe']>[0] | undefined;
  #isAway = false;
  #endedMs = Number.NEGATIVE_INFINITY;

  wasAwayWithin(ms: number): boolean {
    return this.#isAway || performance.now() - this.#endedMs < ms;
  }

  subscribe(listener: Parameters<Reviewer['subscribe']>[0]): () => void {
    this.#listener = listener;
    return () => (this.#listener = undefined);
  }

  get isWatched(): boolean {
    return this.#listener !== undefined;
  }

  goAway(): void {
    this.#isAway = true;
  }

  comeBack(): void {
    this.#isAway = false;
    this.#endedMs = performance.now();
    this.#listener?.back();
  }
}

interface Request {
  readonly node: ScrapeNode;
  readonly name: string;
  /** Seconds after the start. */
  readonly at: number;
  readonly block: NodeBlock;
  readonly signal: AbortSignal;
}

export type Behaviour = (request: Request) => Promise<void>;

export const answerAtOnce: Behaviour = async () => {
  await Promise.resolve();
};

export function answerAfter(ms: number): Behaviour {
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, ms));
  };
}

/** Silent until aborted, as a good reader is. */
export const hang: Behaviour = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });

/** Silent whatever happens. */
export const hangForever: Behaviour = () => new Promise(() => undefined);

export function failWith(kind: string): Behaviour {
  return async ({ name }) => {
    await Promise.resolve();
    throw Object.assign(new Error(`Cannot scrape node "${name}": ${kind}`), { kind });
  };
}

export interface HarnessOptions {
  readonly nodes?: readonly ScrapeNode[];
  /** Behaviour by node name; '*' for all others. */
  readonly kubelets?: Readonly<Record<string, Behaviour>>;
  readonly resolution?: number;
  readonly timeout?: number;
  readonly onStore?: (name: string) => void;
  /** Of what the answers have figures, one after the other; all of it unless told, and after the last. */
  readonly usable?: readonly Usable[];
}

/** A scraper among ports that remember, on Jest's fake timers. Times are in seconds after the start. */
export function aScraper(options: HarnessOptions = {}) {
  const { nodes = [aNode('node-1')], resolution = 15, timeout = 10 } = options;
  const kubelets = new Map(Object.entries(options.kubelets ?? {}));
  const source = new TestNodes(nodes);
  const reviewer = new TestReviewer();
  const requests: Request[] = [];
  const stored: { name: string; at: number; block: NodeBlock }[] = [];
  const removed: string[] = [];
  const missed: { name: string; at: number; isExcused: boolean }[] = [];
  const rounds: { at: number; seconds: number }[] = [];
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  const inFlight = { now: 0, most: 0 };
  const startMs = performance.now();
  let stalledMs = 0;
  const at = (): number => Math.round(performance.now() - startMs) / 1000;
  const logger = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message });
  };
  const log: Logger = {
    error: logger('error'),
    warn: logger('warn'),
    info: logger('info'),
    debug: logger('debug'),
  };
  const scraper = new Scraper({
    nodes: source,
    kubelet: {
      scrape(node, block, signal) {
        const request = { node, name: node.name, at: at(), block, signal };
        requests.push(request);
        inFlight.now += 1;
        inFlight.most = Math.max(inFlight.most, inFlight.now);
        const behaviour = kubelets.get(node.name) ?? kubelets.get('*') ?? answerAtOnce;
        return behaviour(request).finally(() => {
          inFlight.now -= 1;
        });
      },
    },
    storage: {
      store: (name, block) => {
        options.onStore?.(name);
        stored.push({ name, at: at(), block });
        return options.usable?.[stored.length - 1] ?? 'all';
      },
      missed: (name, isExcused) => {
        missed.push({ name, at: at(), isExcused });
      },
      removeNode: (name) => {
        removed.push(name);
      },
    },
    reviewer,
    clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() + stalledMs },
    log,
    instruments: {
      observeRound: (seconds) => {
        rounds.push({ at: at(), seconds });
      },
      queue: { added: () => ({ begun: () => undefined, ended: () => undefined }) },
    },
    resolutionMs: resolution * 1000,
    requestTimeoutMs: timeout * 1000,
  });
  return {
    scraper,
    source,
    reviewer,
    kubelets,
    requests,
    stored,
    missed,
    removed,
    rounds,
    lines,
    inFlight,
    /** Lets so many seconds pass. */
    wait: async (seconds: number): Promise<void> => {
      await jest.advanceTimersByTimeAsync(seconds * 1000);
    },
    /** Lets time pass in which no timer fires, as when the process is stuck. */
    stall: (seconds: number): void => {
      stalledMs += seconds * 1000;
    },
    /** When the node was asked. */
    askedAt: (name = 'node-1'): number[] =>
      requests.filter((request) => request.name === name).map((request) => request.at),
    storedAt: (name = 'node-1'): number[] =>
      stored.filter((store) => store.name === name).map((store) => store.at),
    messages: (): string[] => lines.map(({ level, message }) => `${level}: ${message}`),
  };
}
