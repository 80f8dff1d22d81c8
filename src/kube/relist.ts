import type { ObjectEvent } from './watch-event.ts';

/** Where an informer keeps what it learns; each kind of object keeps only what it needs. */
export interface Mirror {
  /**
   * Adds or replaces the object. Returns the record that is now kept for it, which marks it as seen by a
   * list; undefined when the object is not one to keep (without a name).
   */
  upsert(object: unknown): object | undefined;
  remove(object: unknown): void;
  /** Removes every record that a whole list has not shown. */
  retain(seen: ReadonlySet<object>): void;
}

/** A list on its way into a mirror that already serves. */
export class Relist {
  private readonly mirror: Mirror;
  private readonly seen = new Set<object>();

  constructor(mirror: Mirror) {
    this.mirror = mirror;
  }

  show(object: unknown): void {
    const record = this.mirror.upsert(object);
    if (record) this.seen.add(record);
  }

  apply(event: ObjectEvent): void {
    if (event.type === 'changed') this.show(event.object);
    else if (event.type === 'deleted') this.mirror.remove(event.object);
  }

  /** The list was whole: what it did not show is gone. */
  finish(): void {
    this.mirror.retain(this.seen);
  }
}
