/**
 * A name as a container runtime keeps it: `metrics-server:0.1.0` in a manifest is looked up as
 * `docker.io/library/metrics-server:0.1.0`, and an image that is imported under its short name is never found.
 * @throws Error for a name with a digest, since nobody chooses that, and for one that is none.
 */
export function fullName(name: string): string {
  const [, path, tag = 'latest'] =
    /^([a-z0-9][a-zA-Z0-9._:/-]*?)(?::([A-Za-z0-9_][A-Za-z0-9._-]*))?$/.exec(name) ?? [];
  if (path === undefined) {
    throw new Error(`Cannot name an image "${name}": expected REGISTRY/NAME:TAG`);
  }
  const [first = '', ...rest] = path.split('/');
  const isRegistry = rest.length > 0 && /[.:]|^localhost$/.test(first);
  if (isRegistry) return `${path}:${tag}`;
  return `docker.io/${rest.length > 0 ? path : `library/${path}`}:${tag}`;
}

/** What stands behind the last colon of a full name. */
export function tagOf(full: string): string {
  return full.slice(full.lastIndexOf(':') + 1);
}
