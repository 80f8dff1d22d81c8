import { goQuote } from '../apimachinery/go-quote.ts';
import { findContradictions } from './contradictions.ts';
import type { Flag } from './flag-kinds.ts';
import { FLAG_BY_NAME } from './flags.ts';
import type { FlagValues } from './flags.ts';
import { parseBool } from './go-numbers.ts';
import { nearest } from './nearest.ts';
import { UsageError } from './usage-error.ts';

/** What was typed, read and defaulted, not yet what it means. */
export interface Options {
  /** --help or -h: what flags mean together does not count then. */
  readonly help: boolean;
  readonly version: boolean;
  readonly values: FlagValues;
  /** Names of the flags that were typed. */
  readonly given: ReadonlySet<string>;
}

/**
 * Reads the words after the program's name as pflag does: `--flag=value`, `--flag value`, `-v 2`, `-v=2`,
 * `-v2`, a bare `--switch`; `--` ends the flags, and words that belong to no flag are ignored.
 *
 * @throws UsageError with all mistakes of the whole line, contradictions between flags included.
 */
export function parseOptions(argv: readonly string[]): Options {
  const reading = new Reading(argv);
  reading.readAll();
  const options: Options = {
    help: reading.help,
    version: reading.values.get('version') === true,
    // The table's types are known here and the compiler cannot follow.
    values: Object.fromEntries(reading.values) as FlagValues,
    given: reading.given,
  };
  const problems = [...reading.problems];
  if (!options.help && !options.version)
    problems.push(...findContradictions(options.values, reading.misread));
  if (problems.length > 0) throw new UsageError(problems);
  return options;
}

const SHORTHANDS: ReadonlyMap<string, string> = new Map(
  [...FLAG_BY_NAME].flatMap(([name, { shorthand }]) => (shorthand ? [[shorthand, name]] : [])),
);

class Reading {
  readonly values = new Map([...FLAG_BY_NAME].map(([name, flag]) => [name, flag.default]));
  readonly given = new Set<string>();
  readonly misread = new Set<string>();
  readonly problems: string[] = [];
  help = false;
  private readonly words: string[];

  constructor(argv: readonly string[]) {
    this.words = [...argv];
  }

  readAll(): void {
    for (let word = this.words.shift(); word !== undefined; word = this.words.shift()) {
      if (word === '--') return;
      if (word.startsWith('--')) this.readLong(word);
      else if (word.startsWith('-') && word !== '-') this.readShort(word.slice(1));
    }
  }

  private readLong(word: string): void {
    const [, name = '', inline] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === '' || name.startsWith('-')) {
      this.problems.push(`bad flag syntax: ${word}`);
      return;
    }
    if (name === 'help') {
      this.readHelp(inline ?? 'true');
      return;
    }
    const flag = FLAG_BY_NAME.get(name);
    if (!flag) {
      this.problems.push(unknownFlag(name));
      return;
    }
    const text = inline ?? flag.bare ?? this.words.shift();
    if (text === undefined) this.problems.push(`flag needs an argument: --${name}`);
    else this.set(name, flag, text);
  }

  private readHelp(text: string): void {
    try {
      this.help = parseBool(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.problems.push(
        `invalid argument ${goQuote(text)} for "-h, --help" flag: ${error.message}`,
      );
    }
  }

  /** `letters` is `v2`, `v=2` or `v` with the next word; letters of switches may precede. */
  private readShort(letters: string): void {
    const [letter = '', ...rest] = letters;
    if (letter === 'h') {
      this.help = true;
      return;
    }
    const name = SHORTHANDS.get(letter) ?? '';
    const flag = FLAG_BY_NAME.get(name);
    if (!flag) {
      this.problems.push(`unknown shorthand flag: '${letter}' in -${letters}`);
      return;
    }
    const attached = rest.join('').replace(/^=(?=.)/s, '');
    const text = attached === '' ? this.words.shift() : attached;
    if (text === undefined) {
      this.problems.push(`flag needs an argument: '${letter}' in -${letters}`);
    } else this.set(name, flag, text);
  }

  private set(name: string, flag: Flag<unknown>, text: string): void {
    const earlier = this.given.has(name) ? this.values.get(name) : undefined;
    this.given.add(name);
    try {
      this.values.set(name, flag.read(text, earlier));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.misread.add(name);
      const spelling = flag.shorthand ? `-${flag.shorthand}, --${name}` : `--${name}`;
      this.problems.push(
        `invalid argument ${goQuote(text)} for ${goQuote(spelling)} flag: ${error.message}`,
      );
    }
  }
}

function unknownFlag(name: string): string {
  const alike = nearest(name.replaceAll('_', '-').toLowerCase(), FLAG_BY_NAME.keys());
  return `unknown flag: --${name}${alike === undefined ? '' : `\nDid you mean --${alike}?`}`;
}
