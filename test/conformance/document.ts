import { type JsonLayout, parseJson, writeJson } from './json-text.ts';
import { decodeObject } from './protobuf-message.ts';
import { type Tree, sorted } from './tree.ts';
import { parseYaml, writeYaml } from './yaml-text.ts';

export type Format = JsonLayout | 'yaml' | 'protobuf';

/** A body that has a structure, with what it takes to write it again to the byte. */
export interface Document {
  readonly format: Format;
  readonly tree: Tree;
  /** What follows the value: Go ends compact JSON with a line break, its indented JSON without. */
  readonly tail: string;
}

/** A body: a document, or something without a structure that we need to know, one character a byte. */
export type Body = Document | { readonly format: 'text'; readonly text: string };

/**
 * Reads a body by its content type.
 * @throws Error (SyntaxError or TypeError) when it is not what its content type says, or not laid out as Go
 *   lays it out.
 */
export function readBody(contentType: string, bytes: Uint8Array): Body {
  const mediaType = contentType.split(';', 1)[0]?.trim() ?? '';
  if (bytes.length === 0) return { format: 'text', text: '' };
  if (mediaType === 'application/vnd.kubernetes.protobuf') {
    return { format: 'protobuf', tree: decodeObject(bytes), tail: '' };
  }
  const utf8 = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  if (mediaType === 'application/json') return readJson(utf8());
  if (mediaType === 'application/yaml') {
    const text = utf8();
    return unchanged({ format: 'yaml', tree: parseYaml(text), tail: '' }, text);
  }
  return { format: 'text', text: Buffer.from(bytes).toString('latin1') };
}

function readJson(text: string): Document {
  const tree = parseJson(text);
  const tail = text.endsWith('\n') ? '\n' : '';
  const format = text.startsWith('{\n') ? 'indented' : 'compact';
  return unchanged({ format, tree, tail }, text);
}

/** What cannot be written again as it was could not be compared to the byte. */
function unchanged(document: Document, text: string): Document {
  const again = writeBody(document);
  if (again === text) return document;
  let at = 0;
  while (again[at] === text[at]) at++;
  throw new SyntaxError(
    `laid out as Go never does: at character ${at} there is ${JSON.stringify(text.slice(at, at + 40))}, expected ${JSON.stringify(again.slice(at, at + 40))}`,
  );
}

/** The text of a body to the byte; of protobuf, whose bytes may differ, the message as indented JSON. */
export function writeBody(body: Body): string {
  if (body.format === 'text') return body.text;
  if (body.format === 'yaml') return writeYaml(body.tree);
  const layout = body.format === 'protobuf' ? 'indented' : body.format;
  return `${writeJson(body.tree, layout)}${body.tail}`;
}

/** The same with line breaks, for people to read the difference of two. */
export function legibleBody(body: Body): string {
  return body.format === 'compact' ? writeJson(body.tree, 'indented') : writeBody(body);
}

/** A value of ours in the order that the format has it in. */
export function inOrderOf(format: Format, tree: Tree): Tree {
  return format === 'yaml' ? sorted(tree) : tree;
}
