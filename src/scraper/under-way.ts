/** Counts what has begun and not ended. A set of promises would make its table anew all the time (instruments.ts). */
export class UnderWay {
  #count = 0;
  #none = Promise.withResolvers<undefined>();

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#none.resolve(undefined);
  }

  /** When all has ended; nothing may begin from now on. */
  async ended(): Promise<void> {
    if (this.#count === 0) return;
    this.#none = Promise.withResolvers<undefined>();
    await this.#none.promise;
  }
}
