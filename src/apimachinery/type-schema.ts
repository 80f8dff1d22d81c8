/**
 * What the types of an API look like on the wire: the one description of which OpenAPI is made, and which the
 * tests hold against what the encoders write. It says nothing of how OpenAPI writes such things down.
 */

/** A field's type. The names stand for types of their own that are written as one JSON value. */
export type FieldType =
  | 'string'
  | 'boolean'
  /** 64 bits, as a JSON number. */
  | 'integer'
  /** An amount of a resource with its unit, a string: `250m`, `4Ki`. */
  | 'quantity'
  /** RFC 3339, whole seconds. */
  | 'time'
  /** As Go prints durations: `1m0s`. */
  | 'duration'
  /** The set of fields that somebody manages: an object whose keys are paths. */
  | 'fields'
  | { readonly list: FieldType }
  /** An object whose keys are the client's business. */
  | { readonly map: FieldType }
  | ObjectSchema;

export interface FieldSchema {
  readonly name: string;
  readonly type: FieldType;
  /** For `kubectl explain`. Undefined: the type's own description says it all. */
  readonly description?: string;
  /** Written even when there is nothing to say. */
  readonly required?: boolean;
  /** Of an object: there is always one, if an empty one. */
  readonly embedded?: boolean;
  /** How lists are merged: members whose names begin with `x-kubernetes-`, in order. */
  readonly extensions?: Extensions;
}

export interface ObjectSchema {
  /** Unique in the cluster, in reversed domain notation: `io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics`. */
  readonly name: string;
  readonly description: string;
  /** In the order of the Go type, which is the order in which `required` lists them. */
  readonly fields: readonly FieldSchema[];
  readonly extensions?: Extensions;
}

export type Extensions = Readonly<Record<`x-kubernetes-${string}`, unknown>>;
