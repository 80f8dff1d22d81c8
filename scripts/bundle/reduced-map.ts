import { MappingReader, type SourceMapText } from '../../src/source-places.ts';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const MORE = 32;
const DIGIT_BITS = 5;

/**
 * A source map that knows lines and no columns, names or texts: a fifth of the whole one, and all that a log needs.
 * @param text the whole one, as JSON
 */
export function reducedMap(text: string): string {
  const { sources, mappings } = JSON.parse(text) as SourceMapText;
  return JSON.stringify({ version: 3, sources, names: [], mappings: reducedMappings(mappings) });
}

/** Of the mappings of one generated line, those at which another line of the sources begins. */
function reducedMappings(mappings: string): string {
  const reader = new MappingReader(mappings);
  const last = { generatedLine: 0, generatedColumn: 0, source: 0, line: 0 };
  const lines: string[][] = [[]];
  while (reader.next()) {
    const { generatedLine, generatedColumn, source, line } = reader;
    while (lines.length <= generatedLine) lines.push([]);
    const isFirst = generatedLine !== last.generatedLine || lines[generatedLine]?.length === 0;
    if (!isFirst && source === last.source && line === last.line) continue;
    const from = generatedLine === last.generatedLine ? last.generatedColumn : 0;
    const steps = [generatedColumn - from, source - last.source, line - last.line, 0];
    lines[generatedLine]?.push(steps.map(digitsOf).join(''));
    Object.assign(last, { generatedLine, generatedColumn, source, line });
  }
  return lines.map((segments) => segments.join(',')).join(';');
}

/** Base 64, least digit first; the lowest bit of all is the sign. */
function digitsOf(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = '';
  do {
    const digit = rest & (MORE - 1);
    rest >>>= DIGIT_BITS;
    text += DIGITS[rest > 0 ? digit | MORE : digit] ?? '';
  } while (rest > 0);
  return text;
}
