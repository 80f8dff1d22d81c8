/** A kind as clients name it. Members in the order of operations; extensions of types have their own. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** By this clients find the type of a kind. */
export function kindExtension({ group, version, kind }: GroupVersionKind) {
  return { 'x-kubernetes-group-version-kind': [{ group, kind, version }] };
}
