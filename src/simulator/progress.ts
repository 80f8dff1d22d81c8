/** Where something is shown: a terminal, or anything that takes text. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

const TICK_MS = 100;
const MOMENTS = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const CLEAR_LINE = '\r\u001B[K';

/**
 * Shows what is being waited for. On a terminal one line moves until its step is done; elsewhere each
 * step is one line at its end, so that a log stays readable.
 */
export class Progress {
  private readonly screen: Screen;
  private readonly nowMs: () => number;

  constructor(screen: Screen, nowMs: () => number) {
    this.screen = screen;
    this.nowMs = nowMs;
  }

  /** Runs a step under its title; `said` may add what came of it. Errors pass through. */
  async step<Result>(
    title: string,
    run: () => Promise<Result>,
    said: (result: Result) => string = () => '',
  ): Promise<Result> {
    const startMs = this.nowMs();
    const ticking = this.screen.isTTY === true ? this.animate(title, startMs) : undefined;
    try {
      const result = await run();
      const detail = said(result);
      this.finish('✓', `${title}${detail === '' ? '' : `: ${detail}`}`, startMs);
      return result;
    } catch (error) {
      this.finish('✗', title, startMs);
      throw error;
    } finally {
      clearInterval(ticking);
    }
  }

  private animate(title: string, startMs: number): NodeJS.Timeout {
    let moment = 0;
    const draw = (): void => {
      const sign = MOMENTS[moment++ % MOMENTS.length] ?? '';
      this.screen.write(`${CLEAR_LINE}${sign} ${title} ${this.secondsSince(startMs)}`);
    };
    draw();
    return setInterval(draw, TICK_MS);
  }

  private finish(sign: string, text: string, startMs: number): void {
    const clear = this.screen.isTTY === true ? CLEAR_LINE : '';
    this.screen.write(`${clear}${sign} ${text} (${this.secondsSince(startMs)})\n`);
  }

  private secondsSince(startMs: number): string {
    return `${((this.nowMs() - startMs) / 1000).toFixed(1)} s`;
  }
}
