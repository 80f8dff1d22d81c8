interface Selectable {
  readonly path: string;
  readonly fieldSelector?: string;
}

export interface PageQuery {
  /** Objects a page; undefined: all at once. */
  readonly limit?: number;
  readonly continueToken?: string;
  /** '0': any version that the server has at hand; undefined: the newest. */
  readonly resourceVersion?: string;
}

export function listPath(resource: Selectable, query: PageQuery): string {
  return pathOf(resource, {
    continue: query.continueToken,
    limit: query.limit?.toString(),
    resourceVersion: query.resourceVersion,
  });
}

/**
 * @param resourceVersion where to go on; undefined: the server first streams the whole list (KEP-3157)
 * @param timeoutMs when the server shall end it, cut off to seconds
 */
export function watchPath(
  resource: Selectable,
  resourceVersion: string | undefined,
  timeoutMs: number,
): string {
  const streamed = resourceVersion === undefined;
  return pathOf(resource, {
    allowWatchBookmarks: 'true',
    resourceVersion,
    resourceVersionMatch: streamed ? 'NotOlderThan' : undefined,
    sendInitialEvents: streamed ? 'true' : undefined,
    timeoutSeconds: String(Math.max(1, Math.floor(timeoutMs / 1000))),
    watch: 'true',
  });
}

function pathOf(
  { path, fieldSelector }: Selectable,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ fieldSelector, ...parameters })) {
    if (value !== undefined) query.set(name, value);
  }
  query.sort();
  return `${path}?${query.toString()}`;
}
