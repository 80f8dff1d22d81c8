import { badRequest } from '../apimachinery/status-error.ts';
import type { ListRequest, Paging } from './api-group.ts';
import { readContinueToken, writeContinueToken } from './continue-token.ts';
import type { PagedList, PageStart } from './continue-token.ts';
import { WHOLE_LIST } from './encoding/list-meta.ts';
import type { ListMeta } from './encoding/list-meta.ts';
import type { ListOptions } from './list-options.ts';

/** So many records are looked at between two places where others may have their turn. */
const RECORDS_PER_PAUSE = 32;
/**
 * So many records after a page are looked at to count what remains, before the count that came with the token is
 * believed. So it is exact where that costs little, and a list in pages walks over the cluster once, not at each page.
 */
const RECOUNTED_RECORDS = 2048;

/**
 * A page says how many items follow unless it is the last one or there are selectors (as kube-apiserver, whose
 * store cannot count what they leave). They are counted for the first page, and the tokens carry the count on, so that
 * figures that come and go meanwhile may make it wrong, until the end is near.
 */
export interface Page<Item> extends ListMeta {
  readonly items: readonly Item[];
}

/**
 * Where a list begins that was asked for with these options; undefined: at its beginning.
 * @throws StatusError 400 or 410, as kube-apiserver (apiserver/pkg/storage/interfaces.go, ValidateListOptions).
 */
export function pageStart(
  { continueToken, resourceVersion }: ListOptions,
  list: PagedList,
): PageStart | undefined {
  if (continueToken === '') return undefined;
  const start = readContinueToken(continueToken, list);
  if (resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return start;
}

export interface PageRequest<Item> {
  readonly list: PagedList;
  /** Undefined: the first page. */
  readonly start: PageStart | undefined;
  /** What `items` was asked for with: it begins at the start. */
  readonly request: ListRequest;
  readonly items: Iterable<Item | undefined>;
  readonly paging: Paging<Item>;
  /** At least 1. */
  readonly limit: number;
}

/**
 * Collects one page. The pieces that come before it are empty: each is a place to pause, so that a walk over a large
 * cluster holds up nobody. A page goes on after the last item of the one before, in the order of the keys: what is
 * served throughout is on exactly one page, whatever comes and goes between two of them.
 */
export function* readPage<Item>(asked: PageRequest<Item>): Generator<'', Page<Item>> {
  const { list, start, request, paging, limit } = asked;
  const items = yield* takeItems(asked.items, limit);
  const last = items.length < limit ? undefined : items.at(-1);
  if (last === undefined) return { items, ...WHOLE_LIST };

  const after = paging.keyOf(last);
  const following = paging.walk({ ...request, after });
  const isSelective = !request.labelSelector.isEverything || !request.fieldSelector.isEverything;
  const announced = (start?.remaining ?? 0) - items.length;
  const count = isSelective
    ? yield* countItems(following, 1, 0)
    : yield* countItems(following, Number.POSITIVE_INFINITY, announced);
  if (count === 0) return { items, ...WHOLE_LIST };
  const remaining = isSelective ? undefined : count;
  const continueToken = writeContinueToken(list, { after, remaining });
  return { items, continueToken, remainingItemCount: remaining };
}

function* takeItems<Item>(
  found: Iterable<Item | undefined>,
  limit: number,
): Generator<'', readonly Item[]> {
  const items: Item[] = [];
  let looked = 0;
  for (const item of found) {
    if (item !== undefined && items.push(item) >= limit) break;
    if (++looked % RECORDS_PER_PAUSE === 0) yield '';
  }
  return items;
}

/** Counts to `atMost`; returns `announced` where that may still be right and to know better would take a long walk. */
function* countItems(
  following: Iterable<boolean>,
  atMost: number,
  announced: number,
): Generator<'', number> {
  let count = 0;
  let looked = 0;
  for (const isItem of following) {
    if (isItem && ++count >= atMost) break;
    if (++looked >= RECOUNTED_RECORDS && announced > count) return announced;
    if (looked % RECORDS_PER_PAUSE === 0) yield '';
  }
  return count;
}
