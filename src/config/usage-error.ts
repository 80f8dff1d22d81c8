/** Everything that is wrong with a command line, at once, so that it is mended in one go. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** One sentence each, in upstream's words where it has some; ours about it follow on a line of their own. Never empty. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
