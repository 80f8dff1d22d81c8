import { isDeepStrictEqual } from 'node:util';
import { valueAt } from './kube-object.ts';

/** What of an OpenAPI v2 document counts when several become one. */
export interface OpenApiV2 {
  readonly paths: Members;
  readonly definitions: Members;
  readonly parameters: Members;
}

type Members = Readonly<Record<string, unknown>>;

/** The document of an aggregated API server, and below which paths it has a say. */
export interface RemoteOpenApiV2 {
  readonly document: unknown;
  /** `/apis/metrics.k8s.io/v1beta1/` */
  readonly pathPrefix: string;
}

const KIND_KEY = 'x-kubernetes-group-version-kind';

/**
 * Adds the documents of other API servers to our own, one after the other, as kube-aggregator does
 * (kube-openapi/pkg/aggregator): only paths below the prefix and what they refer to; a path that is there stays;
 * a definition or parameter that is there and is another one comes in under another name.
 */
export function mergeOpenApiV2(own: OpenApiV2, remotes: readonly RemoteOpenApiV2[]): OpenApiV2 {
  return remotes.reduce((merged, { document, pathPrefix }) => {
    const source = restricted(parse(document), (path) => {
      return path.startsWith(pathPrefix) && !Object.hasOwn(merged.paths, path);
    });
    return Object.keys(source.paths).length === 0 ? merged : added(merged, source);
  }, own);
}

function parse(document: unknown): OpenApiV2 {
  const members = (name: string): Members => {
    const value = valueAt(document, name);
    return typeof value === 'object' && value !== null ? (value as Members) : {};
  };
  return {
    paths: members('paths'),
    definitions: members('definitions'),
    parameters: members('parameters'),
  };
}

/** Without the paths that are not kept, and without the definitions that only those referred to. */
function restricted(document: OpenApiV2, keeps: (path: string) => boolean): OpenApiV2 {
  const paths = pick(document.paths, keeps);
  const usedBefore = usedDefinitions(document.paths, document);
  const used = usedDefinitions(paths, document);
  const definitions = pick(document.definitions, (name) => used.has(name) || !usedBefore.has(name));
  return { ...document, paths, definitions };
}

function added(target: OpenApiV2, source: OpenApiV2): OpenApiV2 {
  const renames = new Map([
    ...renamesOf('#/definitions/', target.definitions, source.definitions),
    ...renamesOf('#/parameters/', target.parameters, source.parameters),
  ]);
  const renamed = (members: Members, prefix: string): Members =>
    Object.fromEntries(
      Object.entries(withRenamedReferences(members, renames)).map(([name, value]) => {
        const reference = renames.get(prefix + name);
        return [reference === undefined ? name : reference.slice(prefix.length), value];
      }),
    );
  const definitions = renamed(source.definitions, '#/definitions/');
  return {
    paths: { ...target.paths, ...withRenamedReferences(source.paths, renames) },
    definitions: { ...definitions, ...withKindsOf(target.definitions, definitions) },
    parameters: { ...renamed(source.parameters, '#/parameters/'), ...target.parameters },
  };
}

/** References to members of the source whose name is taken by something else, and the references that they become. */
function renamesOf(prefix: string, target: Members, source: Members): [string, string][] {
  const taken = new Set([...Object.keys(target), ...Object.keys(source)]);
  return Object.entries(source).flatMap(([name, value]): [string, string][] => {
    if (!Object.hasOwn(target, name) || isSame(target[name], value)) return [];
    for (let version = 2; ; version++) {
      const candidate = `${name}_v${version}`;
      if (Object.hasOwn(target, candidate) && isSame(target[candidate], value)) {
        return [[prefix + name, prefix + candidate]];
      }
      if (taken.has(candidate)) continue;
      taken.add(candidate);
      return [[prefix + name, prefix + candidate]];
    }
  });
}

/** Whatever kinds they are of: one definition may serve several. */
function isSame(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(withoutKinds(left), withoutKinds(right));
}

function withoutKinds(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return pick(value as Members, (name) => name !== KIND_KEY);
}

/** The definitions that are in both, with the kinds of both. */
function withKindsOf(target: Members, source: Members): Members {
  return Object.fromEntries(
    Object.entries(target).map(([name, value]) => {
      const more = kindsOf(source[name]).filter(
        (kind) => !kindsOf(value).some((known) => isDeepStrictEqual(known, kind)),
      );
      if (more.length === 0) return [name, value];
      return [name, { ...(value as Members), [KIND_KEY]: [...kindsOf(value), ...more] }];
    }),
  );
}

function kindsOf(definition: unknown): readonly unknown[] {
  const kinds = valueAt(definition, KIND_KEY);
  return Array.isArray(kinds) ? kinds : [];
}

/** The names of all definitions that these paths refer to, and those of which they are made, and so on. */
function usedDefinitions(paths: Members, { definitions }: OpenApiV2): ReadonlySet<string> {
  const used = new Set<string>();
  const waiting: unknown[] = [paths];
  while (waiting.length > 0) {
    for (const reference of referencesIn(waiting.pop())) {
      const [, name = ''] = /^#\/definitions\/(.*)$/.exec(reference) ?? [];
      if (name === '' || used.has(name)) continue;
      used.add(name);
      waiting.push(definitions[name]);
    }
  }
  return used;
}

function referencesIn(value: unknown): string[] {
  const found: string[] = [];
  JSON.stringify(value, (key, member: unknown) => {
    if (key === '$ref' && typeof member === 'string') found.push(member);
    return member;
  });
  return found;
}

function withRenamedReferences(members: Members, renames: ReadonlyMap<string, string>): Members {
  return JSON.parse(JSON.stringify(members), (key, member: unknown) =>
    key === '$ref' && typeof member === 'string' ? (renames.get(member) ?? member) : member,
  ) as Members;
}

function pick(members: Members, keeps: (name: string) => boolean): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => keeps(name)));
}
