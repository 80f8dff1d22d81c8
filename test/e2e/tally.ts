import type { Logs, LogsMark } from './logs.ts';
import type { Check } from './part.ts';
import { type PartResult, resultTable } from './result-table.ts';

const PROGRESS_MS = 20_000;
/** Of how many failed tests the logs are told: whatever ails the rest is in these. */
const MOST_LOGS = 6;
/** What is repeated at the end, below hundreds of lines of logs: of so many failures, so much. */
const MOST_REPEATED = 10;
const MOST_LINES = 6;
const MOST_COLUMNS = 240;

export interface TallySpec {
  readonly say: (line: string) => void;
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** What is told of a test that failed. */
  readonly logs: Logs;
  /** Everything has to run there. */
  readonly isCi: boolean;
}

interface Running {
  readonly name: string;
  readonly startedMs: number;
  /** When it began. */
  readonly mark: LogsMark;
}

type Row = { -readonly [Key in keyof PartResult]: PartResult[Key] };

/** Counts and tells how tests ended, part by part. */
export class Tally {
  private readonly spec: TallySpec;
  private readonly rows: Row[] = [];
  private part: Row | undefined;
  /** When the part that runs began. */
  private mark: LogsMark = new Map();
  /** Some parts have tests side by side. */
  private readonly tests = new Set<Running>();
  private readonly failures: string[] = [];
  private toldLogs = 0;

  constructor(spec: TallySpec) {
    this.spec = spec;
  }

  get passed(): number {
    return this.rows.reduce((sum, { passed }) => sum + passed, 0);
  }

  get failed(): number {
    return this.rows.reduce((sum, { failed }) => sum + failed, 0);
  }

  /** The name of the part that began last. */
  get current(): string {
    return this.part?.name ?? '';
  }

  /** A line for each part, and their sum. */
  table(): string[] {
    return resultTable(this.rows);
  }

  /**
   * The tests that failed, in few words, to be read where only the end of the output is at hand; empty when none did. What was
   * skipped stands in the table.
   */
  failedTests(): string[] {
    if (this.failures.length === 0) return [];
    const more = this.failures.length - MOST_REPEATED;
    return [
      'What failed:',
      ...this.failures.slice(0, MOST_REPEATED),
      ...(more > 0 ? [`and ${more} more`] : []),
    ];
  }

  /** Runs a part, or whatever else takes its time: what is checked in it counts there. Rejects with what it threw. */
  async during<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    const startedMs = performance.now();
    const row = this.add(name, '');
    this.spec.say(`== ${name}`);
    this.mark = await this.spec.logs.mark();
    try {
      return await run();
    } finally {
      row.durationMs = performance.now() - startedMs;
    }
  }

  readonly check: Check = async (name, test) => {
    const { say, signal, logs } = this.spec;
    // After Ctrl-C nothing else is begun: it could only fail.
    signal.throwIfAborted();
    const mark = await logs.mark();
    const startedMs = performance.now();
    const running = { name, startedMs, mark };
    this.tests.add(running);
    const progress = setInterval(() => {
      if (!signal.aborted) say(`        ${secondsSince(startedMs)} so far: ${name}`);
    }, PROGRESS_MS);
    try {
      await test();
      this.count('passed');
      say(`ok      ${name} (${secondsSince(startedMs)})`);
    } catch (error) {
      signal.throwIfAborted();
      await this.fail(`${name} (${secondsSince(startedMs)})`, error, mark);
    } finally {
      clearInterval(progress);
      this.tests.delete(running);
    }
  };

  /** Counts a failure of the part that runs, with what was written into the logs since the mark, or in this part. */
  async fail(name: string, error: unknown, mark = this.mark): Promise<void> {
    this.count('failed');
    this.sayFailure(name, Error.isError(error) ? error.message : String(error));
    await this.tellLogs(mark);
  }

  /** Counts what was under way as failed: the run is ended from outside. */
  async interrupted(reason: string): Promise<void> {
    const { part, tests } = this;
    if (!part) return;
    part.failed += 1;
    part.remark = reason;
    const [first] = tests;
    const names = [...tests].map(({ name, startedMs }) => `${name} (${secondsSince(startedMs)})`);
    this.sayFailure(names.join(' and ') || part.name, reason);
    await this.tellLogs(first?.mark ?? this.mark);
  }

  /** In CI this is a failure. */
  skip(name: string, missing: readonly string[]): void {
    const reason = `it needs ${missing.join(' and ')}, which this cluster or machine has not`;
    const row = this.add(name, `skipped: ${reason}`);
    this.spec.say(`SKIPPED ${name}: ${reason}`);
    if (this.spec.isCi) row.failed += 1;
  }

  private add(name: string, remark: string): Row {
    const row = { name, passed: 0, failed: 0, durationMs: 0, remark };
    this.rows.push(row);
    this.part = row;
    return row;
  }

  private count(outcome: 'passed' | 'failed'): void {
    if (this.part) this.part[outcome] += 1;
  }

  private sayFailure(name: string, text: string): void {
    const title = `NOT OK  ${name}`;
    this.say(title, text);
    const lines = text.split('\n');
    const cut = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES - 1), '...'] : lines;
    const short = cut.map((line) => line.slice(0, MOST_COLUMNS));
    this.failures.push(told(title.slice(0, MOST_COLUMNS), short.join('\n')));
  }

  private say(title: string, text: string): void {
    this.spec.say(told(title, text));
  }

  private async tellLogs(mark: LogsMark): Promise<void> {
    if (this.toldLogs === MOST_LOGS) return;
    this.toldLogs += 1;
    const news = await this.spec.logs.since(mark);
    if (news !== '') this.say('        The last lines of the logs meanwhile:', news);
  }
}

function told(title: string, text: string): string {
  return `${title}\n${text.replace(/^/gm, '        ')}`;
}

function secondsSince(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
