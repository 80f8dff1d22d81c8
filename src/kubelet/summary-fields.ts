import { parseTimestamp } from '../apimachinery/timestamp.ts';
import type { NodeBlock } from '../model/node-block.ts';
import { BYTE, END, type JsonScanner } from './json-scanner.ts';
import { KubeletTime, TIME_BYTES } from './kubelet-time.ts';
import type { Names } from './names.ts';
import { FIELD, type Field, type Item, type Shape } from './summary-shape.ts';

const NANOS_PER_SECOND = 1_000_000_000;
/** So many decimal digits a double holds exactly, and their sums on the way too. */
const EXACT_DIGITS = 15;
const INTEGER_DIGITS = 9;
const SECOND_DIGITS = 9;
/** The kubelet's counters are uint64: 20 digits, and at most 18446744073709551615 nanoseconds. */
const LONGEST_COUNTER = 20;
const MOST_SECONDS = 18_446_744_073;
const NANOS_OF_LAST_SECOND = 709_551_615;

/**
 * Reads single scalars of a summary and writes them into the columns of a block. What cannot be a value
 * (negative, out of range, no time) is NaN or ''; what is not JSON gives -1.
 */
export class SummaryFields {
  private readonly scanner: JsonScanner;
  private readonly names: Names;
  /** One each: nearly all samples are of one day, and containers that started on another start together. */
  private readonly startTime = new KubeletTime();
  private readonly sampleTime = new KubeletTime();
  private into: NodeBlock;

  /** The container row being filled. */
  private row = 0;
  private podNamespace = '';
  private podName = '';
  private podUid = '';
  private podHash = 0;
  /** False when the pod holds something that can be no container: its sum would be partial. */
  private podUsable = true;
  /** Where the time read last stands, with its closing quote; -1 before the first. */
  private timeAt = -1;
  // Results of the methods below: a double that is returned or passed on would be allocated.
  private timeMs = Number.NaN;
  private number = Number.NaN;
  private seconds = Number.NaN;
  private nanos = Number.NaN;

  constructor(scanner: JsonScanner, names: Names, into: NodeBlock) {
    this.scanner = scanner;
    this.names = names;
    this.into = into;
  }

  open(into: NodeBlock): void {
    this.into = into;
    this.timeAt = -1;
  }

  begin(item: Item): void {
    if (item === 'container') this.row = this.into.addContainer('');
    else this.beginPod();
  }

  end(item: Item): void {
    const into = this.into;
    if (item === 'container') {
      // A container without a name cannot be served, and its pod not without it.
      if (into.containerName[this.row] === '') this.podUsable = false;
    } else if (this.podUsable && this.podName !== '' && this.podNamespace !== '') {
      into.addPod(this.podNamespace, this.podName, this.podUid, this.podHash);
    } else {
      into.dropOpenContainers();
    }
  }

  /** Takes note of an element of a list that is no object. */
  skip(item: Item): void {
    if (item === 'container') this.podUsable = false;
  }

  /** Forgets all that was read by this shape: of members that are repeated, JSON's readers keep the last one. */
  clearShape(shape: Shape): void {
    for (const member of shape) {
      if (member.kind === 'object') this.clearShape(member.shape);
      else if (member.kind === 'array') this.clearItems(member.item);
      else this.clear(member.field);
    }
  }

  clearItems(item: Item): void {
    if (item === 'pod') this.into.clearPods();
    else {
      this.into.dropOpenContainers();
      this.podUsable = true;
    }
  }

  /** Takes back one scalar: it was of the wrong kind. */
  clear(field: Field): void {
    switch (field) {
      case FIELD.containerName:
      case FIELD.podNamespace:
      case FIELD.podName:
      case FIELD.podUid:
        this.setName(field, '');
        break;
      case FIELD.nodeStart:
      case FIELD.nodeTime:
      case FIELD.containerStart:
      case FIELD.containerTime:
        this.timeMs = Number.NaN;
        this.setTime(field);
        break;
      case FIELD.nodeCpu:
      case FIELD.containerCpu:
        this.setCpu(field, false);
        break;
      default:
        this.number = Number.NaN;
        this.setNumber(field);
    }
  }

  /**
   * Reads the string whose first byte behind the quote is at `at`. Returns the offset of its closing quote, or -1.
   */
  readString(field: Field, at: number): number {
    switch (field) {
      case FIELD.containerName:
      case FIELD.podNamespace:
      case FIELD.podName:
      case FIELD.podUid:
        return this.readName(field, at);
      case FIELD.nodeStart:
      case FIELD.nodeTime:
      case FIELD.containerStart:
      case FIELD.containerTime:
        return this.readTime(field, at);
      default:
        return this.repeatsTime(at) ? at + TIME_BYTES : this.scanner.stringEnd(at);
    }
  }

  /** Reads the number that starts at `at`. Returns the offset behind it, or -1. */
  readNumber(field: Field, at: number): number {
    if (field === FIELD.ignoredNumber) return this.scanner.numberEnd(at);
    if (field === FIELD.nodeCpu || field === FIELD.containerCpu) return this.readCpu(field, at);
    const end = this.readUnsigned(at);
    if (end >= 0) this.setNumber(field);
    return end;
  }

  private beginPod(): void {
    this.podNamespace = '';
    this.podName = '';
    this.podUid = '';
    this.podUsable = true;
  }

  private readName(field: Field, at: number): number {
    const { scanner, names } = this;
    const quick = names.internQuoted(scanner.bytes, at);
    if (quick >= 0) {
      if (field === FIELD.podName) this.podHash = names.hash;
      this.setName(field, names.last);
      return quick;
    }
    const end = scanner.stringEnd(at);
    if (end >= 0) this.setName(field, scanner.text(at, end, scanner.escaped));
    return end;
  }

  private readTime(field: Field, at: number): number {
    const scanner = this.scanner;
    const time = isStart(field) ? this.startTime : this.sampleTime;
    if (time.read(scanner.view, at) && scanner.bytes[at + TIME_BYTES] === BYTE.quote) {
      this.timeMs = time.ms;
      this.setTime(field);
      this.timeAt = at;
      return at + TIME_BYTES;
    }
    const end = scanner.stringEnd(at);
    if (end < 0) return -1;
    this.timeMs = parseTimestamp(scanner.text(at, end, scanner.escaped));
    this.setTime(field);
    return end;
  }

  /** Whether the bytes at `at` are the time read last and a quote. Most strings that are not read are: the memory's time. */
  private repeatsTime(at: number): boolean {
    const { view } = this.scanner;
    const before = this.timeAt;
    return (
      before >= 0 &&
      at + TIME_BYTES < view.byteLength &&
      view.getFloat64(at + 13, true) === view.getFloat64(before + 13, true) &&
      view.getFloat64(at, true) === view.getFloat64(before, true) &&
      view.getFloat64(at + 8, true) === view.getFloat64(before + 8, true)
    );
  }

  /** Reads any number into _number: the floor of what is not negative and exact in a double, else NaN. */
  private readUnsigned(at: number): number {
    const { bytes } = this.scanner;
    let end = at;
    let value = 0;
    let digit = (bytes[end] ?? END) - BYTE.zero;
    // Nine digits fit into an integer register, which is what makes this quick; so do the next ones.
    while (isDigitValue(digit) && end < at + INTEGER_DIGITS) {
      value = value * 10 + digit;
      digit = (bytes[++end] ?? END) - BYTE.zero;
    }
    let rest = 0;
    let scale = 1;
    while (isDigitValue(digit) && end < at + EXACT_DIGITS) {
      rest = rest * 10 + digit;
      scale *= 10;
      digit = (bytes[++end] ?? END) - BYTE.zero;
    }
    const leadsWithZero = bytes[at] === BYTE.zero && end > at + 1;
    if (end === at || leadsWithZero || goesOn(digit)) return this.readOdd(at);
    this.number = value * scale + rest;
    return end;
  }

  /** Any other form of number: long, negative, with a fraction or an exponent. */
  private readOdd(at: number): number {
    const end = this.scanner.numberEnd(at);
    if (end < 0) return -1;
    const value = Math.floor(Number(this.scanner.text(at, end, false)));
    this.number = value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value + 0 : Number.NaN;
    return end;
  }

  /** Cumulative nanoseconds, split exactly: a double would lose some beyond 104 core-days. */
  private readCpu(field: Field, at: number): number {
    const end = this.readUnsigned(at);
    if (end < 0) return -1;
    if (Number.isNaN(this.number)) {
      this.setCpu(field, this.splitLongCounter(at, end));
      return end;
    }
    this.seconds = Math.floor(this.number / NANOS_PER_SECOND);
    this.nanos = this.number - this.seconds * NANOS_PER_SECOND;
    if (this.nanos < 0) {
      // The quotient was rounded up to the next whole second.
      this.seconds--;
      this.nanos += NANOS_PER_SECOND;
    }
    this.setCpu(field, true);
    return end;
  }

  /** Splits digits that are too many for a double; false when they are no uint64, or not digits alone. */
  private splitLongCounter(at: number, end: number): boolean {
    if (end - at > LONGEST_COUNTER) return false;
    const { bytes } = this.scanner;
    this.seconds = digits(bytes, at, end - SECOND_DIGITS);
    this.nanos = digits(bytes, end - SECOND_DIGITS, end);
    return (
      this.nanos >= 0 &&
      (this.seconds < MOST_SECONDS ||
        (this.seconds === MOST_SECONDS && this.nanos <= NANOS_OF_LAST_SECOND))
    );
  }

  private setName(field: Field, name: string): void {
    if (field === FIELD.containerName) this.into.containerName[this.row] = name;
    else if (field === FIELD.podNamespace) this.podNamespace = name;
    else if (field === FIELD.podName) this.podName = name;
    else this.podUid = name;
  }

  /** Writes the time read last. */
  private setTime(field: Field): void {
    const { into } = this;
    // At the epoch or before it: a clock that was not set.
    const ms = this.timeMs > 0 ? this.timeMs : Number.NaN;
    if (field === FIELD.containerTime) into.timeMs[this.row] = ms;
    else if (field === FIELD.containerStart) into.startMs[this.row] = ms;
    else if (field === FIELD.nodeTime) into.nodeTimeMs = ms;
    else into.nodeStartMs = ms;
  }

  /** Writes the counter read last. */
  private setCpu(field: Field, exists: boolean): void {
    const { into } = this;
    const seconds = exists ? this.seconds : Number.NaN;
    const nanos = exists ? this.nanos : 0;
    if (field === FIELD.containerCpu) {
      into.cpuSeconds[this.row] = seconds;
      into.cpuNanos[this.row] = nanos;
    } else {
      into.nodeCpuSeconds = seconds;
      into.nodeCpuNanos = nanos;
    }
  }

  /** Writes the number read last. */
  private setNumber(field: Field): void {
    const { into } = this;
    if (field === FIELD.containerMemory) into.memoryBytes[this.row] = this.number;
    else if (field === FIELD.containerRate) into.rateNanoCores[this.row] = this.number;
    else if (field === FIELD.nodeMemory) into.nodeMemoryBytes = this.number;
    else if (field === FIELD.nodeRate) into.nodeRateNanoCores = this.number;
  }
}

function isStart(field: Field): boolean {
  return field === FIELD.containerStart || field === FIELD.nodeStart;
}

function isDigitValue(value: number): boolean {
  return value >= 0 && value <= 9;
}

/** Whether a byte (less "0") behind digits still belongs to the number. */
function goesOn(value: number): boolean {
  const byte = value + BYTE.zero;
  return isDigitValue(value) || byte === BYTE.dot || (byte | 0x20) === BYTE.lowerE;
}

/** The value of a span of decimal digits; NaN when another byte is in it. */
function digits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let index = start; index < end; index++) {
    const digit = (bytes[index] ?? END) - BYTE.zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
