/** A parameter of a path or of its query. */
export interface Parameter {
  readonly name: string;
  readonly place: 'query' | 'path';
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
  /**
   * What 2.0 calls it where paths share it. Undefined: each path has its own. Upstream ends these names with a hash
   * of the parameter and of its own description; they are kept as they are, since they are names by now.
   */
  readonly sharedName?: string;
}

const PRETTY: Parameter = {
  name: 'pretty',
  place: 'query',
  type: 'string',
  sharedName: 'pretty-tJGM1-ng',
  description:
    'True: JSON is laid out for people. Without it, browsers, curl and Wget get it laid out, and all others compact.',
};

const NAMESPACE: Parameter = {
  name: 'namespace',
  place: 'path',
  type: 'string',
  sharedName: 'namespace-vgWSWtn3',
  description: 'The namespace in which to look.',
};

const LIST_PARAMETERS: readonly Parameter[] = [
  {
    name: 'allowWatchBookmarks',
    place: 'query',
    type: 'boolean',
    sharedName: 'allowWatchBookmarks-HC2hJt-J',
    description: 'Says that a watch may be sent bookmarks. Only of use to a watch.',
  },
  {
    name: 'continue',
    place: 'query',
    type: 'string',
    sharedName: 'continue-QfD61s0i',
    description:
      'The continue token of the page before, as its metadata has it. All other parameters must be those of that request.',
  },
  {
    name: 'fieldSelector',
    place: 'query',
    type: 'string',
    sharedName: 'fieldSelector-xIcQKXFG',
    description:
      'Selects by fields: metadata.name and metadata.namespace, with =, == or != between field and value and commas between terms.',
  },
  {
    name: 'labelSelector',
    place: 'query',
    type: 'string',
    sharedName: 'labelSelector-5Zw57w4C',
    description:
      'Selects by labels: key=value, key!=value, key, !key, key in (a,b), key notin (a,b), with commas between terms.',
  },
  {
    name: 'limit',
    place: 'query',
    type: 'integer',
    sharedName: 'limit-1NfNmdNH',
    description:
      'At most so many items are answered; when there are more, the metadata of the list has a continue token for the next page.',
  },
  {
    name: 'resourceVersion',
    place: 'query',
    type: 'string',
    sharedName: 'resourceVersion-5WAnf1kx',
    description:
      'How old the answer may be. Figures have no versions: the answer is always of now.',
  },
  {
    name: 'resourceVersionMatch',
    place: 'query',
    type: 'string',
    sharedName: 'resourceVersionMatch-t8XhRHeC',
    description: 'How resourceVersion is meant: Exact or NotOlderThan. Not without it.',
  },
  {
    name: 'sendInitialEvents',
    place: 'query',
    type: 'boolean',
    sharedName: 'sendInitialEvents-rLXlEK_k',
    description: 'Asks a watch to begin with what is there already. Only of use to a watch.',
  },
  {
    name: 'shardSelector',
    place: 'query',
    type: 'string',
    sharedName: 'shardSelector-Kgyki_3_',
    description:
      'Limits a list or watch to a part of all keys, where a server keeps shards. This one does not.',
  },
  {
    name: 'timeoutSeconds',
    place: 'query',
    type: 'integer',
    sharedName: 'timeoutSeconds-yvYezaOC',
    description: 'How many seconds a list or watch may take.',
  },
  {
    name: 'watch',
    place: 'query',
    type: 'boolean',
    sharedName: 'watch-XNNPZGbK',
    description:
      'True: changes are sent as they happen, instead of a list. Figures cannot be watched.',
  },
];

function nameParameter(kind: string): Parameter {
  const description = `Which ${kind}: the name of what it is about.`;
  return { name: 'name', place: 'path', type: 'string', description };
}

/** Of a list, by name; `inNamespace` when the path names one. */
export function listParameters(inNamespace: boolean): readonly Parameter[] {
  return inOrder([...LIST_PARAMETERS, PRETTY, ...(inNamespace ? [NAMESPACE] : [])]);
}

/** Of one object. */
export function getParameters(kind: string, inNamespace: boolean): readonly Parameter[] {
  return inOrder([nameParameter(kind), PRETTY, ...(inNamespace ? [NAMESPACE] : [])]);
}

function inOrder(parameters: readonly Parameter[]): Parameter[] {
  return parameters.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}
