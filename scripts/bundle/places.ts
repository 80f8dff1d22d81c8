/** The members of a source map (ECMA-426) that say where something was written. */
interface SourceMapText {
  /** Relative to the map. */
  readonly sources: readonly string[];
  readonly mappings: string;
}

/**
 * What src/source-places.ts reads of a source map: which line of which source each part of the bundle comes from.
 * @param map the whole map, as JSON
 */
export function placesOf(map: string): string {
  const { sources, mappings } = JSON.parse(map) as SourceMapText;
  const names = sources.map((source) => source.replace(/^(?:\.\.\/)+/, ''));
  const lines: string[][] = [];
  const reader = new MappingReader(mappings);
  let last = '';
  while (reader.next()) {
    while (lines.length <= reader.generatedLine) {
      lines.push([]);
      last = '';
    }
    const place = `${reader.source}:${reader.line + 1}`;
    if (place !== last) lines.at(-1)?.push(`${reader.generatedColumn}:${place}`);
    last = place;
  }
  return [JSON.stringify(names), ...lines.map((places) => places.join(','))].join('\n');
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
class MappingReader {
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
