import { randomUUID } from 'node:crypto';
import { formatTimestamp } from '../apimachinery/timestamp.ts';
import type { Clock } from '../clock.ts';
import type { KubeObject } from './kube-object.ts';
import type { ResourceType } from './resource-type.ts';

/** One change, as the watchers see it. */
export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** Of a deleted object: its last state, with the revision of its end. */
  readonly object: KubeObject;
  /** What was there before; undefined when it is new. */
  readonly previous: KubeObject | undefined;
}

/** All objects of one type at one revision, in the order of their keys (namespace, name). */
export interface Snapshot {
  readonly revision: number;
  readonly objects: readonly KubeObject[];
}

interface Collection {
  readonly objects: Map<string, KubeObject>;
  /** Sorted; undefined after a key came or went. */
  keys: string[] | undefined;
  /** In key order; undefined after a change. */
  list: readonly KubeObject[] | undefined;
  events: ObjectEvent[];
  /** Every event after this revision is still known. */
  compactedRevision: number;
  readonly listeners: Set<(event: ObjectEvent) => void>;
}

/** A page of a list may be asked for this many list revisions after the first one; later ones get 410. */
const KEPT_SNAPSHOTS = 8;

/**
 * The objects of the simulated cluster with one revision counter over all of them, as etcd has. Objects
 * are immutable; each change makes a new one with its `resourceVersion`, and an event that is remembered
 * until there are more than `historyEvents` newer ones of its type.
 */
export class ObjectStore {
  private readonly clock: Clock;
  private readonly historyEvents: number;
  private readonly collections = new Map<ResourceType, Collection>();
  private readonly kept = new Map<string, Snapshot>();
  private currentRevision = 1;

  constructor({ clock, historyEvents = 4096 }: { clock: Clock; historyEvents?: number }) {
    this.clock = clock;
    this.historyEvents = historyEvents;
  }

  get revision(): number {
    return this.currentRevision;
  }

  /** Creates or replaces. Identity and birth are kept, or given when the object brings none. */
  put(type: ResourceType, object: KubeObject): KubeObject {
    const collection = this.collection(type);
    const key = keyOf(object.metadata.namespace ?? '', object.metadata.name);
    const previous = collection.objects.get(key);
    const revision = ++this.currentRevision;
    const stored: KubeObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? previous?.metadata.uid ?? randomUUID(),
        creationTimestamp:
          object.metadata.creationTimestamp ??
          previous?.metadata.creationTimestamp ??
          formatTimestamp(this.clock.nowMs()),
        resourceVersion: String(revision),
      },
    };
    collection.objects.set(key, stored);
    if (!previous) collection.keys = undefined;
    const change = previous ? 'MODIFIED' : 'ADDED';
    this.record(collection, { type: change, revision, object: stored, previous });
    return stored;
  }

  /** Returns false when there was none. */
  delete(type: ResourceType, namespace: string, name: string): boolean {
    const collection = this.collection(type);
    const key = keyOf(namespace, name);
    const previous = collection.objects.get(key);
    if (!previous) return false;
    const revision = ++this.currentRevision;
    collection.objects.delete(key);
    collection.keys = undefined;
    const object = {
      ...previous,
      metadata: { ...previous.metadata, resourceVersion: String(revision) },
    };
    this.record(collection, { type: 'DELETED', revision, object, previous });
    return true;
  }

  get(type: ResourceType, namespace: string, name: string): KubeObject | undefined {
    return this.collection(type).objects.get(keyOf(namespace, name));
  }

  /** The state of now; the list is made once per change. */
  snapshot(type: ResourceType): Snapshot {
    const collection = this.collection(type);
    collection.list ??= sortedObjects(collection);
    return { revision: this.currentRevision, objects: collection.list };
  }

  /** As `snapshot`, and kept so that later pages can be read from it. */
  keepSnapshot(type: ResourceType): Snapshot {
    const snapshot = this.snapshot(type);
    const key = snapshotKey(type, snapshot.revision);
    this.kept.delete(key);
    this.kept.set(key, snapshot);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_SNAPSHOTS) break;
      this.kept.delete(oldest);
    }
    return snapshot;
  }

  /** Undefined when the pages of that revision are no longer kept. */
  keptSnapshot(type: ResourceType, revision: number): Snapshot | undefined {
    return this.kept.get(snapshotKey(type, revision));
  }

  /** The changes after a revision, oldest first; undefined when some of them are forgotten. */
  eventsSince(type: ResourceType, revision: number): readonly ObjectEvent[] | undefined {
    const { events, compactedRevision } = this.collection(type);
    if (revision < compactedRevision) return undefined;
    return events.filter((event) => event.revision > revision);
  }

  /** Calls back at once, within each change. */
  subscribe(type: ResourceType, listener: (event: ObjectEvent) => void): () => void {
    const { listeners } = this.collection(type);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Forgets all history, as etcd does every five minutes: older watches and continue tokens get 410. */
  compact(): void {
    this.kept.clear();
    for (const collection of this.collections.values()) {
      collection.events = [];
      collection.compactedRevision = this.currentRevision;
    }
  }

  private collection(type: ResourceType): Collection {
    const known = this.collections.get(type);
    if (known) return known;
    const collection: Collection = {
      objects: new Map(),
      keys: undefined,
      list: undefined,
      events: [],
      compactedRevision: 0,
      listeners: new Set(),
    };
    this.collections.set(type, collection);
    return collection;
  }

  private record(collection: Collection, event: ObjectEvent): void {
    collection.list = undefined;
    collection.events.push(event);
    if (collection.events.length >= 2 * this.historyEvents) {
      const forgotten = collection.events.splice(0, collection.events.length - this.historyEvents);
      collection.compactedRevision = forgotten.at(-1)?.revision ?? collection.compactedRevision;
    }
    for (const listener of collection.listeners) listener(event);
  }
}

function sortedObjects(collection: Collection): KubeObject[] {
  collection.keys ??= [...collection.objects.keys()].sort();
  return collection.keys.flatMap((key) => collection.objects.get(key) ?? []);
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function snapshotKey({ group, resource }: ResourceType, revision: number): string {
  return `${group}/${resource}@${revision}`;
}
