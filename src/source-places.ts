import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The members of a source map (ECMA-426) that say where something was written. */
export interface SourceMapText {
  /** Relative to the map. */
  readonly sources: readonly string[];
  readonly mappings: string;
}

/** More places than the program has calls to its log. */
const MAX_KNOWN = 1000;

/**
 * Says where the sources have what runs from a bundle, whose map lies beside it (`main.js.map`). Node could do so itself
 * (--enable-source-maps), and would keep the whole map in memory for it; this reads the map again for each place
 * that is asked for first. What runs from the sources as they are is left as it is.
 */
export class SourcePlaces {
  private readonly known = new Map<string, string>();
  private readonly folder: string;

  /** @param folder of the bundle; a place elsewhere is left as it is */
  constructor(folder: string = import.meta.dirname) {
    this.folder = folder;
  }

  /** `src/server.ts:53` for `file:///app/dist/main.js:7:6534`; the same again where there is no map. */
  of(place: string): string {
    const known = this.known.get(place);
    if (known !== undefined) return known;
    const [, url, line, column] = /^(.+\.js):(\d+):(\d+)$/.exec(place) ?? [];
    if (url === undefined) return place;
    const file = url.startsWith('file:') ? fileURLToPath(url) : url;
    if (dirname(file) !== this.folder) return place;
    const found = lookUp(file, Number(line) - 1, Number(column) - 1) ?? place;
    if (this.known.size < MAX_KNOWN) this.known.set(place, found);
    return found;
  }

  /** The same for each line of a stack trace. */
  inStack(stack: string): string {
    return stack.replaceAll(/(?:file:\/\/)?\/[^\s()]+\.js:\d+:\d+/g, (place) => this.of(place));
  }
}

function lookUp(file: string, line: number, column: number): string | undefined {
  const map = mapOf(file);
  if (map === undefined) return undefined;
  const reader = new MappingReader(map.mappings);
  let found: string | undefined;
  while (reader.next() && reader.generatedLine <= line) {
    if (reader.generatedLine < line) continue;
    if (reader.generatedColumn > column) break;
    const source = map.sources[reader.source]?.replace(/^(?:\.\.\/)+/, '');
    found = source === undefined ? undefined : `${source}:${reader.line + 1}`;
  }
  return found;
}

function mapOf(file: string): SourceMapText | undefined {
  try {
    return JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapText;
  } catch {
    // Gone or unreadable: a line of the log must be written all the same, and says the bundle's own place.
    return undefined;
  }
}

/** Where the digits of a number that goes on, and its sign, stand in it. */
const MORE = 32;
const DIGIT_BITS = 5;
const SEMICOLON = 59;
const COMMA = 44;

const DIGITS = new Uint8Array(128);
const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
for (const [value, code] of BASE64.entries()) DIGITS[code] = value;

/** Walks the mappings of a source map from the first to the last without keeping any of them. All counts begin with 0. */
export class MappingReader {
  generatedLine = 0;
  generatedColumn = 0;
  /** An index into the sources. */
  source = 0;
  line = 0;
  column = 0;
  private readonly mappings: string;
  private at = 0;

  constructor(mappings: string) {
    this.mappings = mappings;
  }

  /** Moves to the next mapping that names a source. False when there is none. */
  next(): boolean {
    while (this.at < this.mappings.length) {
      const code = this.mappings.charCodeAt(this.at);
      if (code === SEMICOLON) {
        this.generatedLine += 1;
        this.generatedColumn = 0;
        this.at += 1;
      } else if (code === COMMA) this.at += 1;
      else if (this.read()) return true;
    }
    return false;
  }

  private read(): boolean {
    this.generatedColumn += this.number();
    if (this.isAtEnd()) return false;
    this.source += this.number();
    this.line += this.number();
    this.column += this.number();
    if (!this.isAtEnd()) this.number(); // a name
    return true;
  }

  private isAtEnd(): boolean {
    const code = this.mappings.charCodeAt(this.at);
    return Number.isNaN(code) || code === SEMICOLON || code === COMMA;
  }

  /** Base 64, least digit first; the lowest bit of all is the sign. */
  private number(): number {
    let value = 0;
    let shift = 0;
    let digit: number;
    do {
      digit = DIGITS[this.mappings.charCodeAt(this.at)] ?? 0;
      this.at += 1;
      value |= (digit & (MORE - 1)) << shift;
      shift += DIGIT_BITS;
    } while (digit >= MORE);
    return (value & 1) === 0 ? value >>> 1 : -(value >>> 1);
  }
}
