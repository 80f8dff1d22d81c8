import { BYTE, END, type JsonScanner } from './json-scanner.ts';
import type { SummaryFields } from './summary-fields.ts';
import { type Link, SLOT, pathOf } from './summary-path.ts';
import { FIELD, type Item } from './summary-shape.ts';

/** Links of all layouts of one kind of item. When new ones would pass it, all are forgotten and learnt anew. */
const MOST_STEPS = 4096;
/** The same for their known bytes, eight to a word; a full summary with pressure figures takes 700. */
const MOST_WORDS = 16_384;
/** Ways on from one step that are tried. */
const MOST_BRANCHES = 8;
const WORD_BYTES = 8;

/** A link of a path, and the links that were seen behind it. */
interface Step {
  readonly link: Link;
  readonly length: number;
  readonly slot: Link['slot'];
  /** A number that is only stepped over. */
  readonly isIgnored: boolean;
  /** Where its known bytes begin among the words. */
  readonly firstWord: number;
  readonly next: Step[];
}

/**
 * The layouts in which kubelets write pods or containers: trees of the bytes between one scalar and the next.
 *
 * A kubelet writes every container with the same keys in the same order and with the same white space; only
 * the scalars differ, and now and then a member is missing. So each object read member by member is taken down as a
 * path: known bytes, a scalar, known bytes, a scalar, ... to the closing brace. The next object is compared
 * with the known bytes eight at a time, which is more than twice as fast as reading its members.
 *
 * A guess cannot change a result: bytes equal to those that were read before, and scalars read by the same functions
 * in the same places, are the same JSON text but for the scalars. Objects for which this would not hold, in which a
 * member that is read stands twice, are never learnt.
 */
export class SummaryLayout {
  private readonly scanner: JsonScanner;
  private readonly fields: SummaryFields;
  private readonly readItems: (item: Item) => void;
  private readonly item: Item;
  private root: Step[] = [];
  private steps = 0;
  /**
   * The known bytes of all steps, eight read as one double, which compare quickly; the last word of a step overlaps
   * the one before. Doubles of different bits differ but for the zeros, and no JSON holds bytes of zero; bytes
   * that make a NaN match nothing.
   */
  private readonly words = new Float64Array(MOST_WORDS);
  private wordsUsed = 0;

  /** @param readItems reads the list that the scanner stands at */
  constructor(
    scanner: JsonScanner,
    fields: SummaryFields,
    readItems: (item: Item) => void,
    item: Item,
  ) {
    this.scanner = scanner;
    this.fields = fields;
    this.readItems = readItems;
    this.item = item;
  }

  /** Reads the object that starts at `at` by a known layout. The offset behind it, or -1: fields may be set then. */
  read(at: number): number {
    const { bytes } = this.scanner;
    let branches = this.root;
    let index = 0;
    for (;;) {
      const step = branches[index++];
      if (step === undefined) return -1;
      if (!this.matches(step, at)) continue;
      const slotAt = at + step.length;
      if (step.slot === SLOT.end) return slotAt;
      let behind = slotAt + 1;
      // Most numbers that are only stepped over are 0: figures of pressure.
      const isZero =
        step.isIgnored && bytes[slotAt] === BYTE.zero && (bytes[behind] ?? END) <= BYTE.comma;
      if (!isZero) {
        behind = this.readSlot(step.link, slotAt);
        if (behind < 0) continue;
      }
      at = behind;
      branches = step.next;
      index = 0;
    }
  }

  /** Takes down the layout of the object from `start` to `end`, which was found to be JSON. */
  learn(start: number, end: number): void {
    const path = pathOf(this.scanner, this.item, start, end);
    if (path === undefined) return;
    const words = path.reduce((sum, link) => sum + wordsOf(link), 0);
    if (words > MOST_WORDS || path.length > MOST_STEPS) return;
    if (this.steps + path.length > MOST_STEPS || this.wordsUsed + words > MOST_WORDS) {
      this.root = [];
      this.steps = 0;
      this.wordsUsed = 0;
    }
    let branches = this.root;
    for (const link of path) {
      let step = branches.find((branch) => isSameLink(branch.link, link));
      if (step === undefined) {
        step = this.stepOf(link);
        if (branches.length === MOST_BRANCHES) branches.pop();
        branches.unshift(step);
      }
      branches = step.next;
    }
  }

  private stepOf(link: Link): Step {
    const { known } = link;
    const firstWord = this.wordsUsed;
    const view = new DataView(known.buffer);
    for (let word = 0; word < wordsOf(link); word++) {
      const at = Math.min(word * WORD_BYTES, known.length - WORD_BYTES);
      this.words[this.wordsUsed++] = view.getFloat64(at, true);
    }
    this.steps++;
    return {
      link,
      length: known.length,
      slot: link.slot,
      isIgnored: link.slot === SLOT.number && link.field === FIELD.ignoredNumber,
      firstWord,
      next: [],
    };
  }

  private matches(step: Step, at: number): boolean {
    const { words } = this;
    const { view } = this.scanner;
    const end = at + step.length;
    if (end > view.byteLength) return false;
    const last = end - WORD_BYTES;
    if (last < at) return this.matchesShort(step.link.known, at);
    let word = step.firstWord;
    for (; at < last; at += WORD_BYTES) {
      if (view.getFloat64(at, true) !== words[word++]) return false;
    }
    return view.getFloat64(last, true) === words[word];
  }

  private matchesShort(known: Uint8Array, at: number): boolean {
    const { bytes } = this.scanner;
    for (let index = 0; index < known.length; index++) {
      if (bytes[at + index] !== known[index]) return false;
    }
    return true;
  }

  /** The offset behind what the slot stands for (of a string: of its closing quote), or -1 when it is something else. */
  private readSlot(link: Link, at: number): number {
    switch (link.slot) {
      case SLOT.number:
        return this.fields.readNumber(link.field, at);
      case SLOT.string:
        return this.fields.readString(link.field, at);
      case SLOT.end:
        return at;
      case SLOT.items:
      case SLOT.skipped:
        return this.readArray(link, at);
    }
  }

  private readArray(link: Link, at: number): number {
    const { scanner } = this;
    if (scanner.bytes[at] !== BYTE.openBracket) return -1;
    if (link.slot === SLOT.skipped) return scanner.valueEnd(at, link.depth);
    scanner.pos = at;
    this.readItems(link.item);
    return scanner.pos;
  }
}

/** Words of the known bytes; none when they are fewer than one word. */
function wordsOf({ known }: Link): number {
  return known.length < WORD_BYTES ? 0 : Math.ceil(known.length / WORD_BYTES);
}

function isSameLink(one: Link, other: Link): boolean {
  return (
    one.slot === other.slot &&
    one.field === other.field &&
    one.item === other.item &&
    one.depth === other.depth &&
    Buffer.compare(one.known, other.known) === 0
  );
}
