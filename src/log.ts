import process from 'node:process';
import type Pino from 'pino';
import { goQuote } from './apimachinery/go-quote.ts';
import { SourcePlaces } from './source-places.ts';

/** What the rooms know of the log: a constant message, and everything variable as fields (pino's shape). */
export interface Logger {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/** The part of the configuration that the log needs (config/config.ts has the same shape). */
export interface LogSettings {
  readonly format: 'text' | 'json';
  /** klog's -v: 0 shows info and above; 4 and above shows debug. */
  readonly verbosity: number;
}

type Level = keyof Logger;

/** What a field may be once it is safe to write: JSON, and nothing secret. */
type Plain =
  string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };
type Fields = readonly (readonly [string, Plain])[];

/** From this `-v` on every request is told, as upstream: apiserver/pkg/server/httplog. */
const DEBUG_VERBOSITY = 3;

/**
 * The log of the program. `text` are klog's lines, which everything that reads the logs of Kubernetes
 * knows; `json` are pino's. Both write what kubelets and callers said, so credentials are struck out: in
 * fields named after them, and wherever a text looks like one.
 *
 * `write` receives whole lines with their line feed; `pino` is needed for `json` alone (pinoFor).
 */
export function createLogger(
  settings: LogSettings,
  write: (line: string) => void,
  pino?: typeof Pino,
): Logger {
  const places = new SourcePlaces();
  const log = settings.format === 'json' ? jsonWriter(write, pino) : textWriter(write, places);
  const isDebugging = settings.verbosity >= DEBUG_VERBOSITY;
  const at = (level: Level): Logger[Level] => {
    const write = (fields: object, message: string): void => {
      const safe = safeFields(fields).map(([key, value]) => [key, placed(value, places)] as const);
      log({ level, fields: safe, message, writtenBy: write });
    };
    return write;
  };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: isDebugging ? at('debug') : (): void => undefined,
  };
}

interface Entry {
  readonly level: Level;
  readonly fields: Fields;
  readonly message: string;
  /** The function that was called to log; its caller is where the line comes from. */
  readonly writtenBy: Logger[Level];
}

type LineWriter = (entry: Entry) => void;

/** What createLogger needs for these settings: pino costs 8 MB, and most servers log as text. */
export async function pinoFor({ format }: LogSettings): Promise<typeof Pino | undefined> {
  return format === 'json' ? (await import('pino')).default : undefined;
}

/** An error's stack names the sources, whatever it ran from. */
function placed(value: Plain, places: SourcePlaces): Plain {
  if (!isRecord(value) || typeof value['stack'] !== 'string') return value;
  return { ...value, stack: places.inStack(value['stack']) };
}

function jsonWriter(write: (line: string) => void, pino: typeof Pino | undefined): LineWriter {
  if (pino === undefined) throw new TypeError('Cannot log as JSON without pino');
  // Fields come in as plain values; pino's own serializer would take an error's for an error again.
  const serializers = { err: (err: unknown): unknown => err };
  const logger = pino({ level: 'debug', serializers }, { write });
  return ({ level, fields, message }) => {
    logger[level](Object.fromEntries(fields), message);
  };
}

const SEVERITY = { error: 'E', warn: 'W', info: 'I', debug: 'I' } satisfies Record<Level, string>;

/** `I1120 22:07:29.921283   27173 file.ts:53] "msg" err="why" key="value"`; the time is local, as klog's. */
function textWriter(write: (line: string) => void, places: SourcePlaces): LineWriter {
  const thread = `${process.pid}`.padStart(7);
  return ({ level, fields, message, writtenBy }) => {
    const place = callerOf(writtenBy, places);
    const head = `${SEVERITY[level]}${klogTime(new Date())} ${thread} ${place}]`;
    // The error stands first, as klog has it.
    const sorted = [
      ...fields.filter(([key]) => key === 'err'),
      ...fields.filter(([key]) => key !== 'err'),
    ];
    const shown = sorted.map(([key, value]) => ` ${key}=${textOf(value, level)}`);
    write(`${head} ${goQuote(redacted(message))}${shown.join('')}\n`);
  };
}

/** `server.ts:53`: who called the function. */
function callerOf(written: Logger[Level], places: SourcePlaces): string {
  const usualLimit = Error.stackTraceLimit;
  const trace: { stack?: string } = {};
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(trace, written);
  Error.stackTraceLimit = usualLimit;
  const [, place = ''] =
    /(?:\(|at (?:async )?)([^()]+:\d+:\d+)\)?\s*$/.exec(trace.stack ?? '') ?? [];
  const [, file, line] = /([^/\\]+?):(\d+)(?::\d+)?$/.exec(places.of(place)) ?? [];
  return file === undefined ? 'metrics-server:1' : `${file}:${line}`;
}

function klogTime(now: Date): string {
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const date = `${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  return `${date} ${time}.${`${now.getMilliseconds()}`.padStart(3, '0')}000`;
}

/**
 * As klog writes a text: quoted; one of several lines as it is, indented, so that no line of it can be taken for
 * another entry. What is no character is escaped.
 */
function stringOf(text: string): string {
  if (!text.includes('\n')) return goQuote(text);
  const lines = text.replace(/\n$/, '').split('\n');
  const indented = lines.map((line) => `\t${line.replace(UNPRINTABLE, escaped)}\n`);
  return `<\n${indented.join('')} >`;
}

const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} \t]/gu;

function escaped(character: string): string {
  return goQuote(character).slice(1, -1);
}

/** Texts quoted, objects of the cluster as `namespace/name`, errors as their message, the rest as JSON. */
function textOf(value: Plain, level: Level): string {
  if (typeof value === 'string') return stringOf(value);
  if (!isRecord(value)) return JSON.stringify(value);
  const { namespace, name, message, stack, type } = value;
  const members = Object.keys(value).length;
  if (members === 2 && typeof namespace === 'string' && typeof name === 'string') {
    return goQuote(`${namespace}/${name}`);
  }
  if (typeof message !== 'string' || typeof stack !== 'string') return JSON.stringify(value);
  const isBug = level === 'error' && typeof type === 'string' && BUGS.has(type);
  return isBug ? `${stringOf(message)} stack=${stringOf(stack)}` : stringOf(message);
}

/** Errors that no neighbour can cause: where they come from matters more than what they say. */
const BUGS = new Set(['TypeError', 'ReferenceError', 'RangeError', 'AssertionError']);

export function isBug(error: unknown): boolean {
  return !Error.isError(error) || BUGS.has(error.name);
}

/** What an error and its causes say, in one line and without secrets. */
export function errorText(error: unknown): string {
  return redacted(Error.isError(error) ? messageOf(error, 0) : String(error));
}

function isRecord(value: Plain): value is Readonly<Record<string, Plain>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_TEXT = 4096;

function safeFields(fields: object): Fields {
  return membersOf(Object.entries(fields), 0);
}

function membersOf(entries: readonly (readonly [string, unknown])[], depth: number): Fields {
  return entries.slice(0, MAX_ITEMS).flatMap(([key, value]) => {
    const plain = SECRET_NAME.test(key) ? struckOut(value) : plainOf(value, depth + 1);
    return plain === undefined ? [] : [[key, plain] as const];
  });
}

/** Undefined for what cannot be written: absent values, functions, symbols. */
function plainOf(value: unknown, depth: number): Plain | undefined {
  switch (typeof value) {
    case 'string':
      return redacted(value);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : `${value}`;
    case 'bigint':
      return `${value}`;
    case 'object':
      return value === null ? null : plainObject(value, depth);
    default:
      return undefined;
  }
}

function plainObject(value: object, depth: number): Plain {
  if (depth > MAX_DEPTH) return '[too deep]';
  if (value instanceof Error) return plainError(value);
  if (value instanceof URL) return redacted(value.href);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'NaN' : value.toISOString();
  if (value instanceof Map) {
    const entries = [...value].map(([key, member]) => [key as string, member] as const);
    return Object.fromEntries(membersOf(entries, depth));
  }
  if (Array.isArray(value) || value instanceof Set) {
    const items = Array.from<unknown>(value).slice(0, MAX_ITEMS);
    return items.map((item) => plainOf(item, depth + 1) ?? null);
  }
  return Object.fromEntries(membersOf(Object.entries(value), depth));
}

/** The shape of pino's error serializer, with the whole chain of causes in the message. */
function plainError(error: Error): Plain {
  const code = 'code' in error ? plainOf(error.code, MAX_DEPTH) : undefined;
  return {
    type: error.name,
    message: redacted(messageOf(error, 0)),
    stack: redacted(error.stack ?? ''),
    ...(code === undefined ? {} : { code }),
  };
}

function messageOf(error: Error, depth: number): string {
  const causes = error instanceof AggregateError ? error.errors : [error.cause];
  const added = causes
    .filter((cause) => cause instanceof Error && depth < MAX_DEPTH)
    .map((cause) => newsOf(cause as Error, error.message, depth + 1))
    .filter((text) => text !== '')
    .join(', ');
  if (added === '') return error.message;
  return error.message === '' ? added : `${error.message}: ${added}`;
}

/** What a cause and its own causes add: a thrower that says what it knows often repeats the cause. */
function newsOf(cause: Error, said: string, depth: number): string {
  const text = messageOf(cause, depth);
  if (said.includes(text) || isTold(cause, said)) return '';
  const isKnown = cause.message !== '' && said.includes(cause.message);
  return isKnown ? text.slice(`${cause.message}: `.length) : text;
}

/** Whether the text says in its own form what Node says as `ENOENT: no such file or directory, open '/nope'`. */
function isTold(error: Error, said: string): boolean {
  const words = /^[A-Z]+: ([^,]+), /.exec(error.message)?.[1];
  if (words === undefined || !('path' in error) || typeof error.path !== 'string') return false;
  return said.includes(words) && said.includes(error.path);
}

const STRUCK_OUT = '[redacted]';

/** Fields whose whole value is secret. Names of files that hold secrets (`tokenFile`) are not. */
const SECRET_NAME = /(?:authorization|cookie|token|password|secret|key-?pem|private-?key)$/i;

function struckOut(value: unknown): Plain | undefined {
  const isHarmless = value === undefined || value === null || typeof value === 'boolean';
  return isHarmless ? plainOf(value, 0) : STRUCK_OUT;
}

/** The first group stays: it helps, and it is no secret. Each takes time linear in any text, however hostile. */
const SECRET_TEXTS = [
  /\b(bearer\s+)(?!tokens?(?:[\s.,;:)]|$))[\w.~+/-]+=*/gi, // "Bearer token" is prose
  /\b(authorization["']?\s*[:=]\s*["']?(?:basic\s+)?)(?!bearer\b|basic\b)[^\s"',]+/gi,
  /()\beyJ[\w-]{8,1000}\.[\w-]+\.[\w-]*/g, // a JSON web token, such as those of service accounts
  /()-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[^]*?(?:-----END|$)[A-Z -]*/g,
  /(:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g, // the password of a URL
];

function redacted(text: string): string {
  // A secret must not be cut before it is recognised.
  let safe = text.slice(0, 2 * MAX_TEXT);
  for (const pattern of SECRET_TEXTS) safe = safe.replace(pattern, `$1${STRUCK_OUT}`);
  return safe.length > MAX_TEXT ? `${safe.slice(0, MAX_TEXT)}…` : safe;
}
