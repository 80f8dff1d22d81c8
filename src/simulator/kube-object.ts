import type { Labels } from '../apimachinery/label-set.ts';

/** A Kubernetes object as its JSON has it. Never changed once it is stored. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeObjectMeta;
}

export interface KubeObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The value at a path of an object; undefined as soon as a step is missing. Own members only: `constructor` is a legal label. */
export function valueAt(from: unknown, ...path: readonly string[]): unknown {
  let value = from;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** A text or number at a path, as text; '' when it is missing or something else. */
export function textAt(from: unknown, ...path: readonly string[]): string {
  const value = valueAt(from, ...path);
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}

/** The items of a list at a path; none when it is missing or something else. */
export function listAt(from: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = valueAt(from, ...path);
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** The texts of a list at a path; whatever is no text is left out. */
export function textsAt(from: unknown, ...path: readonly string[]): readonly string[] {
  return listAt(from, ...path).filter((item) => typeof item === 'string');
}

export function labelsOf({ metadata }: KubeObject): Labels {
  return new Map(Object.entries(metadata.labels ?? {}));
}
