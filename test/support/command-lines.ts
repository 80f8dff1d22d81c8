import { readFileSync } from 'node:fs';

/** What the Go server of v0.9.0 did with a command line: its first line of error, or none when it ran. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly error: string | null;
}

/** What it says of files, addresses and clusters, which can only be known by trying. */
const BY_TRYING =
  /no such file|not a directory|missing content|cannot assign|no configuration has been provided/;

const file = new URL('../fixtures/config/upstream-command-lines.json', import.meta.url);
const ALL = JSON.parse(readFileSync(file, 'utf8')) as CommandLine[];

/** Judged by their words alone. */
export const WORDS: readonly CommandLine[] = ALL.filter(
  ({ error }) => error === null || !BY_TRYING.test(error),
);

/** Judged by trying. */
export const TRIED: readonly CommandLine[] = ALL.filter(
  ({ error }) => error !== null && BY_TRYING.test(error),
);
