import { BYTE, type JsonScanner, startsNumber } from './json-scanner.ts';
import {
  FIELD,
  type Field,
  ITEM_DEPTHS,
  ITEM_SHAPES,
  type Item,
  type Member,
  type Shape,
  memberIndex,
} from './summary-shape.ts';

/** What stands behind known bytes: the object's end, a scalar, a list of items, a list that is not read. */
export const SLOT = { end: 0, number: 1, string: 2, items: 3, skipped: 4 } as const;

/** Known bytes of one link. Kubelets write fewer than 200; what is longer is not worth keeping. */
const LONGEST_LINK_BYTES = 1024;

/** A stretch of known bytes, and the slot behind it. */
export interface Link {
  /** From behind the last scalar; the quotes around a string belong to the known bytes. */
  readonly known: Uint8Array<ArrayBuffer>;
  readonly slot: (typeof SLOT)[keyof typeof SLOT];
  /** Of a number or string: where it is written. */
  readonly field: Field;
  /** Of a list of items: which. */
  readonly item: Item;
  /** Of a list that is not read: how many arrays and objects stand around it. */
  readonly depth: number;
}

/**
 * The path of one pod or container from its opening to its closing brace; undefined when it cannot serve for others:
 * a member that is read stands there twice, or it is out of proportion. The bytes must
 * have been found to be JSON; the scanner stands behind them at the end.
 */
export function pathOf(
  scanner: JsonScanner,
  item: Item,
  start: number,
  end: number,
): Link[] | undefined {
  const path = new PathReader(scanner, item, start);
  scanner.pos = start;
  const isUsable = path.readObject(ITEM_SHAPES[item], ITEM_DEPTHS[item]);
  path.cut(end, { slot: SLOT.end });
  scanner.pos = end;
  return isUsable && path.links.every(({ known }) => known.length <= LONGEST_LINK_BYTES)
    ? path.links
    : undefined;
}

type Slot = Partial<Link> & Pick<Link, 'slot'>;

class PathReader {
  readonly links: Link[] = [];
  private readonly scanner: JsonScanner;
  private readonly item: Item;
  /** Where the known bytes of the next link begin. */
  private from: number;

  constructor(scanner: JsonScanner, item: Item, start: number) {
    this.scanner = scanner;
    this.item = item;
    this.from = start;
  }

  /** False as soon as the object turns out not to be usable. */
  readObject(shape: Shape, depth: number): boolean {
    const { scanner } = this;
    let seen = 0;
    if (!scanner.enterObject()) return true;
    do {
      const index = memberIndex(shape, scanner);
      const bit = index < 0 ? 0 : 1 << index;
      if ((seen & bit) !== 0) return false;
      seen |= bit;
      if (!this.readValue(shape[index], depth)) return false;
    } while (scanner.nextMember());
    return true;
  }

  /** Ends a link: its known bytes reach to `to`, and the slot begins there. */
  cut(to: number, slot: Slot): void {
    this.links.push({
      known: Uint8Array.from(this.scanner.bytes.subarray(this.from, to)),
      field: FIELD.ignoredNumber,
      item: this.item,
      depth: 0,
      ...slot,
    });
  }

  private readValue(member: Member | undefined, depth: number): boolean {
    const { scanner } = this;
    const { pos } = scanner;
    const byte = scanner.peek();
    if (byte === BYTE.openBrace) {
      return this.readObject(member?.kind === 'object' ? member.shape : [], depth + 1);
    }
    if (byte === BYTE.openBracket) {
      if (member?.kind === 'array') this.cut(pos, { slot: SLOT.items, item: member.item });
      else this.cut(pos, { slot: SLOT.skipped, depth });
    } else if (byte === BYTE.quote) {
      this.cut(pos + 1, { slot: SLOT.string, field: fieldOf(member, 'string') });
    } else if (startsNumber(byte)) {
      this.cut(pos, { slot: SLOT.number, field: fieldOf(member, 'number') });
    } else {
      // null, true and false stay part of the known bytes.
      scanner.skipValue(depth);
      return true;
    }
    scanner.skipValue(depth);
    this.from = byte === BYTE.quote ? scanner.pos - 1 : scanner.pos;
    return true;
  }
}

function fieldOf(member: Member | undefined, kind: 'string' | 'number'): Field {
  if (member?.kind === kind) return member.field;
  return kind === 'string' ? FIELD.ignoredString : FIELD.ignoredNumber;
}
