const FIRST_BYTES = 64 * 1024;
/** What has grown larger is not kept for later answers. */
const MOST_KEPT_BYTES = 1024 * 1024;
/** As many as the scraper asks at once, unless thousands of kubelets take their time. */
const MOST_KEPT = 32;
/** What was not needed for so long, two resolutions as they usually are, is left from the start. */
const TIDY_MS = 30_000;

/** The body of an answer while it arrives. It copies, so that the next answer needs no new memory. */
export class BodyBuffer {
  #memory = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.#memory.length;
  }

  /** What has arrived; overwritten by what comes after `clear`. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Adds the bytes from `start` to `end`. */
  append(bytes: Buffer, start = 0, end = bytes.length): void {
    const length = this.#length + end - start;
    if (length > this.#memory.length) this.#grow(length);
    bytes.copy(this.#memory, this.#length, start, end);
    this.#length = length;
  }

  clear(): void {
    this.#length = 0;
  }

  #grow(length: number): void {
    const memory = Buffer.allocUnsafeSlow(Math.max(length, this.#memory.length * 2));
    memory.set(this.bytes);
    this.#memory = memory;
  }
}

/** Buffers that served for one answer and serve for the next. */
export class BodyBuffers {
  readonly #free: BodyBuffer[] = [];
  readonly #nowMs: () => number;
  /** How many were free at all times since it was tidied up last. */
  #spare = 0;
  #tidiedMs: number;

  /** @param nowMs monotonic */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#tidiedMs = nowMs();
  }

  take(): BodyBuffer {
    const body = this.#free.pop() ?? new BodyBuffer();
    this.#spare = Math.min(this.#spare, this.#free.length);
    return body;
  }

  /** Gives a buffer back. Nobody may use it any more. */
  give(body: BodyBuffer): void {
    this.#tidy();
    if (this.#free.length >= MOST_KEPT || body.capacity > MOST_KEPT_BYTES) return;
    body.clear();
    this.#free.push(body);
  }

  /** Drops what a large number of answers at once has left. */
  #tidy(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#tidiedMs < TIDY_MS) return;
    this.#tidiedMs = nowMs;
    this.#free.splice(0, this.#spare);
    this.#spare = this.#free.length;
  }
}
