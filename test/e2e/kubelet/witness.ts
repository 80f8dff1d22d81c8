import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpsClient } from '../https-client.ts';
import type { Sample, Source } from './by-hand.ts';
import { type Samples, samplesOfResource, samplesOfSummary } from './kubelet-answers.ts';

/** A kubelet has a new sample of a container every 10 s at most, once it no longer asks the runtime. */
const EVERY_MS = 500;

interface Seen {
  readonly sample: Sample;
  /** Monotonic ms. */
  readonly atMs: number;
}

/** Asks the kubelet for both sources all the time, and remembers every sample. To be closed. */
export class Witness implements AsyncDisposable {
  private readonly kubelet: HttpsClient;
  private readonly seen: Readonly<Record<Source, Map<string, Seen[]>>> = {
    summary: new Map(),
    resource: new Map(),
  };
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;
  private trouble: Error | undefined;
  /** Between two complete answers: samples that came and went in the meantime were not seen. */
  longestPauseMs = 0;

  constructor(kubelet: HttpsClient) {
    this.kubelet = kubelet;
    this.running = this.run();
  }

  /** Samples of `NAMESPACE/POD/CONTAINER` or NODE, in the order of their first appearance. */
  samples(source: Source, key: string): readonly Sample[] {
    return (this.seen[source].get(key) ?? []).map(({ sample }) => sample);
  }

  /** The first sample that was seen after this moment and is newer than those before by at least 5 s. */
  sampleAfter(source: Source, key: string, atMs: number): Seen | undefined {
    const all = this.seen[source].get(key) ?? [];
    const before = all.filter((each) => each.atMs <= atMs).at(-1);
    return all.find(
      (each) => each.atMs > atMs && each.sample.timeMs - (before?.sample.timeMs ?? 0) >= 5_000,
    );
  }

  /** What the kubelet says now. */
  async summary(): Promise<Samples> {
    return samplesOfSummary(await this.kubelet.json('/stats/summary?only_cpu_and_memory=true'));
  }

  /** Rejects when the kubelet did not answer at some time. */
  throwIfTroubled(): void {
    if (this.trouble) throw this.trouble;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ending.abort();
    await this.running;
    this.kubelet[Symbol.dispose]();
  }

  private async run(): Promise<void> {
    let answeredMs = performance.now();
    while (!this.ending.signal.aborted) {
      try {
        this.remember('summary', await this.summary());
        const page = await this.kubelet.text('/metrics/resource');
        this.remember('resource', samplesOfResource(page));
        this.longestPauseMs = Math.max(this.longestPauseMs, performance.now() - answeredMs);
        answeredMs = performance.now();
      } catch (error) {
        this.trouble ??= Error.isError(error) ? error : new Error(String(error));
      }
      await sleep(EVERY_MS);
    }
  }

  private remember(source: Source, samples: Samples): void {
    const atMs = performance.now();
    for (const [key, sample] of samples) {
      const all = this.seen[source].get(key) ?? [];
      this.seen[source].set(key, all);
      if (all.at(-1)?.sample.timeMs !== sample.timeMs) all.push({ sample, atMs });
    }
  }
}
