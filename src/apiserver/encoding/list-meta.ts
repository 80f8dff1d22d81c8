/** What a list says about itself beside its items. */
export interface ListMeta {
  /** Where the next page begins; '' when there is none. */
  readonly continueToken: string;
  /** How many items there are beyond this page, where that is known. */
  readonly remainingItemCount: number | undefined;
}

/** Of a list that is whole, and of every document that is no list of items but has the same metadata. */
export const WHOLE_LIST: ListMeta = { continueToken: '', remainingItemCount: undefined };

/** meta/v1 ListMeta as a value, members in Go's order, what is empty left out. */
export function listMetaObject({ continueToken, remainingItemCount }: ListMeta): object {
  return {
    ...(continueToken === '' ? {} : { continue: continueToken }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}
