import { NodeBlock } from '../model/node-block.ts';
import { BYTE, JsonScanner, startsNumber } from './json-scanner.ts';
import { Names } from './names.ts';
import { SummaryFields } from './summary-fields.ts';
import { SummaryLayout } from './summary-layout.ts';
import {
  ITEM_DEPTHS,
  ITEM_SHAPES,
  type Item,
  type Member,
  SUMMARY,
  type Shape,
  memberIndex,
} from './summary-shape.ts';

/** Objects of a layout not seen before that are learnt from one answer; a bound for answers that never repeat. */
const LESSONS_PER_SUMMARY = 16;

/**
 * Decodes a kubelet's `/stats/summary`, either form, in one pass over the bytes and straight into columns.
 *
 * Reads keys in any order, any white space, escapes, unknown members, nulls and repeated keys as
 * JSON.parse does (the last one counts). A value of the wrong kind counts as missing; a pod without
 * a name or namespace, or with a container that has none, is left out. CPU counters are exact to 2^64-1.
 *
 * Each pod and container is first read as one of the layouts seen before (summary-layout.ts), which is
 * several times as fast; where its bytes differ, it is read again member by member. The result is the same.
 *
 * Source: k8s.io/kubelet, pkg/apis/stats/v1alpha1/types.go; kubelet, pkg/kubelet/server/stats.
 */
export class SummaryDecoder {
  private readonly scanner = new JsonScanner('summary');
  private readonly fields: SummaryFields;
  private readonly layouts: Readonly<Record<Item, SummaryLayout>>;
  private readonly guess: boolean;
  private lessons = 0;

  /**
   * @param names shared with other decoders, so that equal names are one string
   * @param options guess: false reads everything member by member, for comparison
   */
  constructor(names: Names = new Names(), options: { guess: boolean } = { guess: true }) {
    this.guess = options.guess;
    this.fields = new SummaryFields(this.scanner, names, new NodeBlock());
    const readItems = (item: Item): void => {
      this.readItems(item);
    };
    this.layouts = {
      pod: new SummaryLayout(this.scanner, this.fields, readItems, 'pod'),
      container: new SummaryLayout(this.scanner, this.fields, readItems, 'container'),
    };
  }

  /**
   * Replaces what is in the block by what the answer says.
   * @throws SyntaxError when the bytes are not one whole JSON object with `node` or `pods`; it names the
   * offset and what was expected there. The block is empty then.
   */
  decode(bytes: Uint8Array, into: NodeBlock): void {
    into.clear('summary');
    this.fields.open(into);
    this.lessons = LESSONS_PER_SUMMARY;
    try {
      this.scanner.open(bytes);
      const seen = this.readObject(SUMMARY, 1);
      this.scanner.expectEnd();
      if (seen === 0) {
        throw new SyntaxError('Cannot read the summary: expected a member "node" or "pods"');
      }
    } catch (error) {
      into.clear('summary');
      throw error;
    } finally {
      this.scanner.close();
    }
  }

  /** Reads an object inside `depth - 1` others. Returns a bit for each member of the shape that was there. */
  private readObject(shape: Shape, depth: number): number {
    const scanner = this.scanner;
    let seen = 0;
    if (!scanner.enterObject()) return seen;
    do {
      const index = memberIndex(shape, scanner);
      const member = shape[index];
      if (member === undefined) scanner.skipValue(depth);
      else {
        const bit = 1 << index;
        if ((seen & bit) !== 0) this.fields.clearShape([member]);
        seen |= bit;
        this.readMember(member, depth);
      }
    } while (scanner.nextMember());
    return seen;
  }

  private readMember(member: Member, depth: number): void {
    const scanner = this.scanner;
    const { pos } = scanner;
    const byte = scanner.peek();
    if (member.kind === 'number' && startsNumber(byte)) {
      scanner.pos = this.checked(this.fields.readNumber(member.field, pos));
    } else if (member.kind === 'string' && byte === BYTE.quote) {
      scanner.pos = this.checked(this.fields.readString(member.field, pos + 1)) + 1;
    } else if (member.kind === 'object' && byte === BYTE.openBrace) {
      this.readObject(member.shape, depth + 1);
    } else if (member.kind === 'array' && byte === BYTE.openBracket) {
      this.readItems(member.item);
    } else {
      scanner.skipValue(depth);
    }
  }

  private readItems(item: Item): void {
    const scanner = this.scanner;
    if (!scanner.enterArray()) return;
    do {
      if (scanner.peek() === BYTE.openBrace) this.readItem(item);
      else {
        this.fields.skip(item);
        scanner.skipValue(ITEM_DEPTHS[item] - 1);
      }
    } while (scanner.nextElement());
  }

  private readItem(item: Item): void {
    const scanner = this.scanner;
    const layout = this.layouts[item];
    const start = scanner.pos;
    this.fields.begin(item);
    const end = this.guess ? layout.read(start) : -1;
    if (end >= 0) scanner.pos = end;
    else {
      const shape = ITEM_SHAPES[item];
      if (this.guess) {
        this.fields.clearShape(shape);
        scanner.pos = start;
      }
      this.readObject(shape, ITEM_DEPTHS[item]);
      if (this.guess && this.lessons > 0) {
        this.lessons--;
        layout.learn(start, scanner.pos);
      }
    }
    this.fields.end(item);
  }

  private checked(end: number): number {
    return end < 0 ? this.scanner.failHere() : end;
  }
}
