import { YamlWriter } from './yaml-writer.ts';
import type { TextLayout } from './text-layout.ts';
import { compareYamlKeys } from './yaml-keys.ts';

/** A plain JSON value as block-style YAML, byte for byte as sigs.k8s.io/yaml writes it: keys sorted, a line break at the end. */
export function yamlDocument(value: object): string {
  return new YamlWriter().value(value).finish();
}

/** Every element is laid out by itself: an array below a key of the document is not indented. */
export const YAML: TextLayout = {
  whole: (json) => yamlDocument(JSON.parse(json) as object),
  *array({ members, key, whenEmpty, items, textOf }) {
    const entries = Object.entries(members);
    const before = entries.filter(([name]) => compareYamlKeys(name, key) < 0);
    const after = entries.filter(([name]) => compareYamlKeys(name, key) >= 0);
    if (before.length > 0) yield yamlDocument(Object.fromEntries(before));
    let isEmpty = true;
    for (const item of items) {
      if (item === undefined) {
        yield '';
        continue;
      }
      if (isEmpty) yield `${key}:\n`;
      isEmpty = false;
      yield yamlDocument([JSON.parse(textOf(item))]);
    }
    if (isEmpty) yield `${key}: ${whenEmpty}\n`;
    if (after.length > 0) yield yamlDocument(Object.fromEntries(after));
  },
};
