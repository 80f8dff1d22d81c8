import { isIP } from 'node:net';
import { formatDuration, parseDuration } from '../apimachinery/duration.ts';
import { goQuote } from '../apimachinery/go-quote.ts';
import { formatMemory } from '../apimachinery/quantity.ts';
import { splitCommaList } from './comma-list.ts';
import { parseBool, parseFloating, parseInteger, parseLevel } from './go-numbers.ts';
import { checkQuantity } from './quantity-syntax.ts';

/** One row of the table of flags. Its readers accept and refuse what upstream's pflag does. */
export interface Flag<Value> {
  /** What the help calls the value; '' for a switch. */
  readonly type: string;
  readonly default: Value;
  /** As the help shows it; '' shows none. */
  readonly defaultText: string;
  readonly help: string;
  /** The value when the flag stands alone; undefined when it takes the next word then. */
  readonly bare: string | undefined;
  readonly shorthand?: string;
  /** Set for a flag of upstream that is accepted and does nothing here. */
  readonly ignored?: Ignored<Value>;
  /** `earlier` is the value of the flag's previous use; undefined at the first. @throws SyntaxError. */
  read(text: string, earlier: Value | undefined): Value;
}

interface Ignored<Value> {
  /** Ends the sentence "--x has no effect: …". */
  readonly because: string;
  /** A value that asks for what is the case anyway; it needs no warning. */
  readonly harmless?: Value;
}

/** A pair of certificate and key files, and the names they are for; none means those in the certificate. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly names: readonly string[];
}

export function boolean(value: boolean, help: string): Flag<boolean> {
  const defaultText = value ? 'true' : '';
  return { type: '', default: value, defaultText, help, bare: 'true', read: parseBool };
}

export function text(value: string, help: string, type = 'string'): Flag<string> {
  return {
    ...{ type, default: value, defaultText: value === '' ? '' : goQuote(value), help },
    bare: undefined,
    read: (word) => word,
  };
}

export function integer(value: number, help: string): Flag<number> {
  return numeric('int', value, help, (word) => parseInteger(word, 64));
}

export function float(value: number, help: string): Flag<number> {
  return numeric('float', value, help, (word) => parseFloating(word));
}

export function float32(value: number, help: string): Flag<number> {
  return numeric('float32', value, help, (word) => parseFloating(word, 32));
}

/** klog's verbosity. */
export function level(help: string): Flag<number> {
  return numeric('Level', 0, help, parseLevel);
}

function numeric(
  type: string,
  value: number,
  help: string,
  read: (word: string) => number,
): Flag<number> {
  const defaultText = value === 0 ? '' : `${value}`;
  return { type, default: value, defaultText, help, bare: undefined, read: (word) => read(word) };
}

/** In milliseconds. */
export function duration(defaultMs: number, help: string): Flag<number> {
  return {
    ...{ type: 'duration', default: defaultMs, help, bare: undefined },
    defaultText: defaultMs === 0 ? '' : formatDuration(defaultMs),
    read: readDuration,
  };
}

/** What a timer of Node can wait; beyond it, it would fire at once. Nobody means 25 days. */
const LONGEST_MS = 2 ** 31 - 1;

function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms > LONGEST_MS) throw new SyntaxError(`expected at most ${formatDuration(LONGEST_MS)}`);
  return ms;
}

/** A list by comma and by repetition; the first use replaces the default. */
export function strings(value: readonly string[], help: string): Flag<readonly string[]> {
  return {
    ...{ type: 'strings', default: value, help, bare: undefined },
    defaultText: value.length === 0 ? '' : `[${value.join(',')}]`,
    read: (word, earlier = []) => [...earlier, ...splitCommaList(word)],
  };
}

export function int32s(help: string): Flag<readonly number[]> {
  return {
    ...{ type: 'int32Slice', default: [], defaultText: '', help, bare: undefined },
    read: (word, earlier = []) => [
      ...earlier,
      ...word.split(',').map((part) => parseInteger(part, 32)),
    ],
  };
}

/** '' stands for no address. */
export function ip(value: string, help: string): Flag<string> {
  return {
    ...{ type: 'ip', default: value, defaultText: value, help, bare: undefined },
    read(word, earlier = value) {
      const address = word.trim();
      if (address === '') return earlier;
      if (isIP(address) === 0 || address.includes('%')) {
        throw new SyntaxError(`failed to parse IP: ${goQuote(word)}`);
      }
      return address;
    },
  };
}

/** `crt,key` or `crt,key:name,name`, once for each pair. */
export function certificateFiles(help: string): Flag<readonly CertificateFiles[]> {
  return {
    ...{ type: 'namedCertKey', default: [], defaultText: '', help, bare: undefined },
    read: (word, earlier = []) => [...earlier, readCertificateFiles(word)],
  };
}

function readCertificateFiles(word: string): CertificateFiles {
  const [files = '', names] = splitOnce(word, ':').map((part) => part.trim());
  if (names === '') throw new SyntaxError('empty names list is not allowed');
  const paths = files.split(',').map((path) => path.trim());
  const [certFile, keyFile] = paths;
  if (certFile === undefined || keyFile === undefined || paths.length > 2) {
    throw new SyntaxError('expected comma separated certificate and key file paths');
  }
  return { certFile, keyFile, names: names?.split(',').map((name) => name.trim()) ?? [] };
}

function splitOnce(word: string, separator: string): string[] {
  const at = word.indexOf(separator);
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + separator.length)];
}

export function oneOf<Choice extends string>(
  choices: readonly Choice[],
  value: Choice,
  help: string,
): Flag<Choice> {
  return {
    ...{ type: 'string', default: value, defaultText: goQuote(value), help, bare: undefined },
    read(word) {
      const choice = choices.find((candidate) => candidate === word);
      if (choice !== undefined) return choice;
      throw new SyntaxError(`expected one of ${choices.join(', ')}`);
    },
  };
}

const MULTIPLES = new Map([
  ['', 1],
  ...['k', 'M', 'G'].map((suffix, power) => [suffix, 1000 ** (power + 1)] as const),
  ...['Ki', 'Mi', 'Gi'].map((suffix, power) => [suffix, 1024 ** (power + 1)] as const),
]);

/** A number of bytes, plain or as a quantity. */
export function byteCount(value: number, help: string): Flag<number> {
  return {
    ...{ type: 'quantity', default: value, defaultText: formatMemory(value), help },
    bare: undefined,
    read(word) {
      const [, digits = '', suffix = ''] = /^(\d{1,15})([kMG]|[KMG]i)?$/.exec(word) ?? [];
      const bytes = Number(digits) * (MULTIPLES.get(suffix) ?? 1);
      if (digits !== '' && Number.isSafeInteger(bytes)) return bytes;
      throw new SyntaxError('expected a number of bytes, for example 33554432 or 32Mi');
    },
  };
}

/** A quantity, as typed; '' is zero. */
export function quantity(help: string): Flag<string> {
  return {
    ...{ type: 'quantity', default: '', defaultText: '', help, bare: undefined },
    read(word) {
      checkQuantity(word);
      return word;
    },
  };
}

/** `component:name=value` by comma and by repetition, the component can be missing. */
export function multimap(help: string): Flag<readonly string[]> {
  return {
    ...{ type: 'colonSeparatedMultimapStringString', default: [], defaultText: '', help },
    bare: undefined,
    read: (word, earlier = []) => [...earlier, ...word.split(',').filter((pair) => pair !== '')],
  };
}

/** Levels by source file, `pattern=N`, by comma and by repetition. */
export function moduleLevels(help: string): Flag<readonly string[]> {
  return {
    ...{ type: 'pattern=N,...', default: [], defaultText: '', help, bare: undefined },
    read: (word, earlier = []) => [...earlier, ...word.split(',').filter(isModuleLevel)],
  };
}

/** False for nothing at all. @throws SyntaxError as klog's own flag. */
function isModuleLevel(item: string): boolean {
  if (item === '') return false;
  const [, level] = /^[^=]+=([^=]+)$/.exec(item) ?? [];
  if (level === undefined) {
    throw new SyntaxError(`${goQuote(item)} does not have the pattern=N format`);
  }
  try {
    parseLevel(level);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`parsing verbosity in ${goQuote(item)}: ${error.message}`, {
      cause: error,
    });
  }
  return true;
}

/** For a flag whose default depends on others: undefined until to-config.ts knows. */
export function unset<Value>(flag: Flag<Value>, defaultText: string): Flag<Value | undefined> {
  return {
    ...{ type: flag.type, default: undefined, defaultText, help: flag.help, bare: flag.bare },
    read: (word, earlier) => flag.read(word, earlier),
  };
}

/** For a flag of upstream that has no meaning here. */
export function ignored<Value>(flag: Flag<Value>, because: string, harmless?: Value): Flag<Value> {
  return { ...flag, ignored: harmless === undefined ? { because } : { because, harmless } };
}
