import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isIdentity } from './identities.ts';

/** One question to the real server with its answer; exchanges/README.md says how it was recorded. */
export interface Exchange {
  readonly id: number;
  readonly topic: string;
  /** The identity that asked: identities.ts. */
  readonly as: string;
  readonly method: string;
  /** As it stood in the request line, query included. */
  readonly path: string;
  /** `accept: ''` means that no Accept header was sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly response: RecordedResponse;
}

export interface RecordedResponse {
  readonly status: number;
  /** Names in lower case; what stood on several lines is joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined of a body that was not kept. */
  readonly body: Buffer | undefined;
  /** Set when the body is only a part of what was answered, and says which. */
  readonly bodyIs: string | undefined;
}

/** Exchanges that cannot be read, one sentence each, naming file and id. */
export class ExchangesError extends Error {
  override readonly name = 'ExchangesError';

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** The project's own copy of the recording, with the world it was made in below `world/`. */
export const OWN_EXCHANGES = fileURLToPath(new URL('exchanges/', import.meta.url));

/**
 * Reads every `TOPIC.json` of a folder, in the order of the files' names.
 * @throws ExchangesError when there is none, or when one cannot be read.
 */
export function readExchanges(folder: string): readonly Exchange[] {
  const problems: string[] = [];
  const exchanges = jsonFiles(folder).flatMap((file) => readFile(folder, file, problems));
  const seen = new Set<number>();
  for (const { id, topic } of exchanges) {
    if (seen.has(id)) problems.push(`${topic}: the id ${id} is there twice`);
    seen.add(id);
  }
  if (exchanges.length === 0 && problems.length === 0) {
    problems.push(`"${folder}": there are no exchanges`);
  }
  if (problems.length > 0) throw new ExchangesError(problems);
  return exchanges;
}

function jsonFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .sort();
  } catch (cause) {
    throw new ExchangesError([`"${folder}": ${messageOf(cause)}`]);
  }
}

function readFile(folder: string, file: string, problems: string[]): Exchange[] {
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  } catch (error) {
    problems.push(`${file}: ${messageOf(error)}`);
    return [];
  }
  if (!Array.isArray(entries)) {
    problems.push(`${file}: expected an array of exchanges`);
    return [];
  }
  return entries.flatMap((entry: unknown, index) => {
    const id = isRecord(entry) && typeof entry['id'] === 'number' ? entry['id'] : undefined;
    try {
      return [exchangeOf(entry)];
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      problems.push(
        `${file}: ${id === undefined ? `entry ${index}` : `id ${id}`}: ${error.message}`,
      );
      return [];
    }
  });
}

/** @throws TypeError saying what was expected. */
function exchangeOf(entry: unknown): Exchange {
  if (!isRecord(entry)) throw new TypeError('expected an object');
  const response = entry['response'];
  if (!isRecord(response)) throw new TypeError('expected "response" to be an object');
  const id = entry['id'];
  if (!Number.isSafeInteger(id)) throw new TypeError('expected "id" to be a whole number');
  return {
    id: id as number,
    topic: text(entry, 'topic'),
    as: identityName(entry),
    method: text(entry, 'method'),
    path: text(entry, 'path'),
    headers: texts(entry, 'headers'),
    body: entry['body'] === undefined ? undefined : text(entry, 'body'),
    response: responseOf(response),
  };
}

function identityName(entry: Readonly<Record<string, unknown>>): string {
  const name = text(entry, 'as');
  if (!isIdentity(name)) throw new TypeError(`there is no identity "${name}"`);
  return name;
}

function responseOf(response: Readonly<Record<string, unknown>>): RecordedResponse {
  const status = response['status'];
  if (typeof status !== 'number') throw new TypeError('expected "status" to be a number');
  const headers = Object.entries(texts(response, 'headers'));
  return {
    status,
    headers: new Map(headers.map(([name, value]) => [name.toLowerCase(), value])),
    body: bodyOf(response),
    bodyIs: response['bodyIs'] === undefined ? undefined : text(response, 'bodyIs'),
  };
}

function bodyOf(response: Readonly<Record<string, unknown>>): Buffer | undefined {
  if (response['bodyLeftOut'] === true) return undefined;
  if (response['base64'] !== undefined) return Buffer.from(text(response, 'base64'), 'base64');
  return Buffer.from(response['body'] === undefined ? '' : text(response, 'body'));
}

function text(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name];
  if (typeof value !== 'string') throw new TypeError(`expected "${name}" to be a text`);
  return value;
}

function texts(
  record: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, string>> {
  const value = record[name];
  if (!isRecord(value)) throw new TypeError(`expected "${name}" to be an object`);
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== 'string') throw new TypeError(`expected "${name}.${key}" to be a text`);
  }
  return value as Readonly<Record<string, string>>;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(error: unknown): string {
  return Error.isError(error) ? error.message : String(error);
}
