import { compareYamlKeys } from './yaml-keys.ts';
import {
  escaped,
  isBreak,
  isSimpleKey,
  literalHints,
  needsEscape,
  scalarText,
  styleOf,
} from './yaml-style.ts';

const INDENT = 2;
/** A line that is longer is broken at its next space. */
const WIDTH = 80;
/** Where a value stands. */
interface Place {
  /** Columns of the enclosing mapping or sequence; -1 at the root. */
  readonly indent: number;
  readonly inMapping: boolean;
  readonly isSimpleKey: boolean;
}

/**
 * Writes values in block style as the emitter of Go's YAML library does (go.yaml.in/yaml/v2: emitterc.go), its
 * folding of long lines included. What it writes depends on the column it has reached, so it keeps count.
 */
export class YamlWriter {
  private text = '';
  private column = 0;
  /** Whether the last character parts words already. */
  private isParted = true;
  /** Whether the line holds nothing but indentation and indicators so far. */
  private isIndentation = true;

  value(value: unknown, place: Place = { indent: -1, inMapping: false, isSimpleKey: false }): this {
    if (Array.isArray(value)) this.sequence(value, place);
    else if (typeof value === 'object' && value !== null) this.mapping(value, place);
    else this.scalar(value, place);
    return this;
  }

  finish(): string {
    this.startLine(0);
    return this.text;
  }

  private mapping(value: object, { indent: outer }: Place): void {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    if (entries.length === 0) {
      this.indicator('{}');
      return;
    }
    const indent = outer < 0 ? 0 : outer + INDENT;
    entries.sort(([left], [right]) => compareYamlKeys(left, right));
    for (const [key, member] of entries) {
      this.startLine(indent);
      if (isSimpleKey(key)) {
        this.value(key, { indent, inMapping: true, isSimpleKey: true });
        this.put(':');
        this.isParted = false;
        this.isIndentation = false;
      } else {
        this.blockIndicator('?');
        this.value(key, { indent, inMapping: true, isSimpleKey: false });
        this.startLine(indent);
        this.blockIndicator(':');
      }
      this.value(member, { indent, inMapping: true, isSimpleKey: false });
    }
  }

  private sequence(value: readonly unknown[], { indent: outer, inMapping }: Place): void {
    if (value.length === 0) {
      this.indicator('[]');
      return;
    }
    const isBelowKey = inMapping && !this.isIndentation;
    const indent = outer < 0 ? 0 : isBelowKey ? outer : outer + INDENT;
    for (const element of value) {
      this.startLine(indent);
      this.blockIndicator('-');
      this.value(element, { indent, inMapping: false, isSimpleKey: false });
    }
  }

  private scalar(value: unknown, { indent, isSimpleKey }: Place): void {
    const continued = indent < 0 ? INDENT : indent + INDENT;
    if (typeof value !== 'string') {
      this.plain(scalarText(value), continued, !isSimpleKey);
      return;
    }
    const text = value.toWellFormed();
    switch (styleOf(text, isSimpleKey)) {
      case 'plain':
        this.plain(text, continued, !isSimpleKey);
        break;
      case 'single':
        this.singleQuoted(text, continued, !isSimpleKey);
        break;
      case 'double':
        this.doubleQuoted(text, continued, !isSimpleKey);
        break;
      case 'literal':
        this.literal(text, continued);
    }
  }

  private plain(text: string, indent: number, mayFold: boolean): void {
    if (!this.isParted) this.put(' ');
    const isShort = this.column + text.length <= WIDTH;
    if (isShort) this.put(text);
    else this.folded(text, indent, mayFold, { from: 0, to: text.length });
    this.isParted = false;
    this.isIndentation = false;
  }

  private singleQuoted(text: string, indent: number, mayFold: boolean): void {
    if (!this.isParted) this.put(' ');
    this.put("'");
    this.isParted = false;
    this.isIndentation = false;
    this.folded(text, indent, mayFold, { from: 1, to: text.length - 1 }, "'");
    this.put("'");
    this.isParted = false;
    this.isIndentation = false;
  }

  /** Breaks at single spaces between `from` and `to`; what breaks lines in Unicode goes out as it is. */
  private folded(
    text: string,
    indent: number,
    mayFold: boolean,
    { from, to }: { from: number; to: number },
    doubled?: string,
  ): void {
    let afterSpace = false;
    let afterBreak = false;
    let at = 0;
    for (const character of text) {
      const next = at + character.length;
      if (character === ' ') {
        const isPlace = mayFold && !afterSpace && at >= from && at < to && text[next] !== ' ';
        if (isPlace && this.column > WIDTH) this.startLine(indent);
        else this.put(' ');
        afterSpace = true;
      } else if (isBreak(character)) {
        this.text += character;
        this.column = 0;
        this.isIndentation = true;
        afterBreak = true;
      } else {
        if (afterBreak) this.startLine(indent);
        if (character === doubled) this.put(character);
        this.put(character);
        this.isIndentation = false;
        afterSpace = false;
        afterBreak = false;
      }
      at = next;
    }
  }

  private doubleQuoted(text: string, indent: number, mayFold: boolean): void {
    if (!this.isParted) this.put(' ');
    this.put('"');
    this.isParted = false;
    this.isIndentation = false;
    // Go's emitter looks for a byte order mark at the start wherever it is, and then escapes everything.
    const escapesAll = text.startsWith('\ufeff');
    let afterSpace = false;
    let at = 0;
    for (const character of text) {
      const isPlace = character === ' ' && !afterSpace && at > 0 && at < text.length - 1;
      at += character.length;
      afterSpace = character === ' ';
      if (escapesAll || needsEscape(character)) {
        this.put(escaped(character));
        afterSpace = false;
      } else if (mayFold && isPlace && this.column > WIDTH) {
        this.startLine(indent);
        if (text[at] === ' ') this.put('\\');
      } else {
        this.put(character);
      }
    }
    this.put('"');
    this.isParted = false;
    this.isIndentation = false;
  }

  private literal(text: string, indent: number): void {
    if (!this.isParted) this.put(' ');
    this.put(`|${literalHints(text)}\n`);
    this.column = 0;
    this.isParted = true;
    this.isIndentation = true;
    let afterBreak = true;
    for (const character of text) {
      if (isBreak(character)) {
        if (character === '\n') this.lineBreak();
        else this.text += character;
        this.column = 0;
        this.isIndentation = true;
        afterBreak = true;
      } else {
        if (afterBreak) this.startLine(indent);
        this.put(character);
        this.isIndentation = false;
        afterBreak = false;
      }
    }
  }

  /** An empty collection. */
  private indicator(text: string): void {
    if (!this.isParted) this.put(' ');
    this.put(text);
    this.isParted = false;
    this.isIndentation = false;
  }

  /** What opens an element or a long key: the line still counts as indentation. */
  private blockIndicator(text: string): void {
    if (!this.isParted) this.put(' ');
    this.put(text);
    this.isParted = false;
  }

  private startLine(indent: number): void {
    const isThere = this.isIndentation && this.column <= indent;
    if (!isThere || (this.column === indent && !this.isParted)) this.lineBreak();
    while (this.column < indent) this.put(' ');
    this.isParted = true;
    this.isIndentation = true;
  }

  /** Text within Unicode's basic plane, as everything is that is not escaped: a column for each unit. */
  private put(text: string): void {
    this.text += text;
    this.column += text.length;
  }

  private lineBreak(): void {
    this.text += '\n';
    this.column = 0;
  }
}
