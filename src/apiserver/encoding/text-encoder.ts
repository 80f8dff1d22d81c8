import { toJsonText } from '../../apimachinery/json-text.ts';
import type { Encoder } from './encoder.ts';
import { itemObject, listDocument } from './json.ts';
import { tableDocument } from './table.ts';
import type { TextLayout } from './text-layout.ts';

/** The encodings that are JSON, laid out in one way or another. */
export function textEncoder(contentType: string, layout: TextLayout): Encoder {
  return {
    contentType,
    document: (document) => layout.whole(toJsonText(document)),
    item: (item, encoding, envelope) =>
      layout.whole(itemObject(item, encoding, envelope, envelope.createdAt)),
    list: (items, encoding, envelope) => layout.array(listDocument(items, encoding, envelope)),
    *table(items, encoding, envelope, request) {
      const table = yield* tableDocument(items, encoding, envelope, request);
      if ('textOf' in table) yield* layout.array(table);
      else yield layout.whole(toJsonText(table));
    },
  };
}
