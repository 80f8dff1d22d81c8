/**
 * Shares the event loop among long answers: all of them together use at most `budgetMs` of one turn, then
 * the rest waits, one answer a turn, in the order of asking. So many large lists at once delay everybody
 * else no longer than one does.
 */
export class Turns {
  private readonly budgetMs: number;
  private readonly now: () => number;
  private readonly waiting: (() => void)[] = [];
  private startMs = 0;
  private isOpen = false;

  /** `now` is monotonic, in ms. */
  constructor(budgetMs: number, now: () => number) {
    this.budgetMs = budgetMs;
    this.now = now;
  }

  /** Whether this turn's time is used up; then wait for the next one. */
  isSpent(): boolean {
    const now = this.now();
    if (!this.isOpen) {
      this.isOpen = true;
      this.startMs = now;
      setImmediate(() => {
        this.startNextTurn();
      });
    }
    return now - this.startMs >= this.budgetMs;
  }

  /** Only after isSpent() has said so: it is what arranges for the next turn. */
  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private startNextTurn(): void {
    this.isOpen = false;
    const resume = this.waiting.shift();
    if (!resume) return;
    this.isSpent(); // opens the turn, so that another one follows while anybody waits
    resume();
  }
}
