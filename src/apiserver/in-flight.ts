/**
 * How many requests are being answered, and how many may be. Reading and changing requests have limits of
 * their own; this server has nothing to change, but a flood of refused POSTs must not crowd out readers.
 */
export class InFlightLimit {
  private readonly limits: { readonly readOnly: number; readonly mutating: number };
  private readonly current = { readOnly: 0, mutating: 0 };

  /** 0 means no limit. */
  constructor(limits: { readonly readOnly: number; readonly mutating: number }) {
    this.limits = limits;
  }

  get counts(): { readonly readOnly: number; readonly mutating: number } {
    return this.current;
  }

  /**
   * Takes a place, to be given back by calling what is returned, once. Undefined: there is none, and the
   * request is too many. An `exempt` request always finds one, so that an administrator gets through.
   */
  enter(verb: string, exempt: boolean): (() => void) | undefined {
    const kind = READING_VERBS.has(verb) ? 'readOnly' : 'mutating';
    const limit = this.limits[kind];
    if (limit > 0 && this.current[kind] >= limit) return exempt ? () => undefined : undefined;
    this.current[kind]++;
    return () => {
      this.current[kind]--;
    };
  }
}

const READING_VERBS = new Set(['get', 'list', 'watch']);
