import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../../../src/apimachinery/duration.ts';
import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';
import { quantityNumber } from '../../../src/simulator/quantity-number.ts';
import type { HttpsClient } from '../https-client.ts';
import type { Figure } from './by-hand.ts';
import { NODE } from './kubelet-answers.ts';

const EVERY_MS = 250;
/** Until there are figures, whose first moment counts. */
const EVERY_AT_FIRST_MS = 100;
const API = '/apis/metrics.k8s.io/v1beta1';

/** What a metrics server says of a pod, or of the node, which counts as a pod with one container. */
export interface Reading {
  /** Monotonic ms. */
  readonly atMs: number;
  /** Whole seconds, since the epoch. */
  readonly timestampMs: number;
  readonly windowMs: number;
  readonly containers: ReadonlyMap<string, Figure>;
}

/** What a server said of one pod, or of the node. */
interface Book {
  /** The first one of each state; the same figures again are not written down. */
  readonly readings: Reading[];
  /** Monotonic ms of the answers in which it was missing, after it had been there. */
  readonly lapsesMs: number[];
}

/** Reads all pods and nodes of a metrics server, four times a second, and more often until it has figures. To be closed. */
export class Readings implements AsyncDisposable {
  private readonly server: HttpsClient;
  private readonly books = new Map<string, Book>();
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;
  /** Answers in which both lists were complete. */
  answers = 0;
  private trouble: Error | undefined;

  constructor(server: HttpsClient) {
    this.server = server;
    this.running = this.run();
  }

  /** Of `NAMESPACE/POD` or NODE, oldest first. */
  of(key: string): readonly Reading[] {
    return this.books.get(key)?.readings ?? [];
  }

  lapses(key: string): readonly number[] {
    return this.books.get(key)?.lapsesMs ?? [];
  }

  /** Everything of which there ever was a figure. */
  keys(): string[] {
    return [...this.books.keys()];
  }

  /** Monotonic ms of the first figures; undefined while there are none. */
  firstMs(key: string): number | undefined {
    return this.of(key)[0]?.atMs;
  }

  /** Rejects when the server, having answered once, did not answer. */
  throwIfTroubled(): void {
    if (this.trouble) throw this.trouble;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ending.abort();
    await this.running;
    this.server[Symbol.dispose]();
  }

  private async run(): Promise<void> {
    while (!this.ending.signal.aborted) {
      try {
        const nodes = listAt(await this.server.json(`${API}/nodes`), 'items');
        const pods = listAt(await this.server.json(`${API}/pods`), 'items');
        this.note([...nodes.map(nodeReading), ...pods.map(podReading)]);
        this.answers += 1;
      } catch (error) {
        // Before its first answer it is still starting.
        if (this.answers > 0)
          this.trouble ??= Error.isError(error) ? error : new Error(String(error));
      }
      await sleep(this.books.size > 0 ? EVERY_MS : EVERY_AT_FIRST_MS);
    }
  }

  private note(all: readonly (readonly [string, Omit<Reading, 'atMs'>])[]): void {
    const atMs = performance.now();
    const present = new Map(all);
    for (const [key, reading] of present) {
      const book = this.books.get(key) ?? { readings: [], lapsesMs: [] };
      this.books.set(key, book);
      const last = book.readings.at(-1);
      if (!last || !isSame(last, reading)) book.readings.push({ ...reading, atMs });
    }
    for (const [key, { lapsesMs }] of this.books) if (!present.has(key)) lapsesMs.push(atMs);
  }
}

function nodeReading(item: unknown): [string, Omit<Reading, 'atMs'>] {
  return [NODE, { ...measured(item), containers: new Map([[NODE, figureOf(item)]]) }];
}

function podReading(item: unknown): [string, Omit<Reading, 'atMs'>] {
  const [space, name] = ['namespace', 'name'].map((part) => textAt(item, 'metadata', part));
  const containers = listAt(item, 'containers').map(
    (container) => [textAt(container, 'name'), figureOf(container)] as const,
  );
  return [`${space}/${name}`, { ...measured(item), containers: new Map(containers) }];
}

function measured(item: unknown): { timestampMs: number; windowMs: number } {
  return {
    timestampMs: Date.parse(textAt(item, 'timestamp')),
    windowMs: parseDuration(textAt(item, 'window')),
  };
}

function figureOf(from: unknown): Figure {
  const quantity = (name: string): number => quantityNumber(textAt(valueAt(from, 'usage'), name));
  return { nanoCores: Math.round(quantity('cpu') * 1e9), memoryBytes: quantity('memory') };
}

function isSame(one: Omit<Reading, 'atMs'>, other: Omit<Reading, 'atMs'>): boolean {
  return (
    one.timestampMs === other.timestampMs &&
    one.windowMs === other.windowMs &&
    one.containers.size === other.containers.size &&
    [...one.containers].every(([name, { nanoCores, memoryBytes }]) => {
      const figure = other.containers.get(name);
      return figure?.nanoCores === nanoCores && figure.memoryBytes === memoryBytes;
    })
  );
}
