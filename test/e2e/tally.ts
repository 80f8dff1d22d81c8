import type { Check, Part } from './part.ts';

/** Counts and tells how tests ended. */
export class Tally {
  passed = 0;
  failed = 0;
  private readonly say: (line: string) => void;
  private readonly signal: AbortSignal;

  constructor(say: (line: string) => void, signal: AbortSignal) {
    this.say = say;
    this.signal = signal;
  }

  readonly check: Check = async (name, test) => {
    // After Ctrl-C nothing else is begun: it could only fail.
    this.signal.throwIfAborted();
    const startedMs = performance.now();
    try {
      await test();
      this.passed += 1;
      this.say(`ok      ${name} (${seconds(startedMs)})`);
    } catch (error) {
      this.signal.throwIfAborted();
      this.fail(`${name} (${seconds(startedMs)})`, error);
    }
  };

  fail(name: string, error: unknown): void {
    this.failed += 1;
    const message = Error.isError(error) ? error.message : String(error);
    this.say(`NOT OK  ${name}\n${message.replace(/^/gm, '        ')}`);
  }

  /** In CI, where everything has to run, this is a failure. */
  skip({ name }: Part, missing: readonly string[], isCi: boolean): void {
    const reason = `it needs ${missing.join(' and ')}, which this cluster or machine has not`;
    if (isCi) this.fail(name, new Error(reason));
    else this.say(`SKIPPED ${name}: ${reason}`);
  }
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
