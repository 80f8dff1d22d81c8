/** What goes back to the client. Produced without knowing about sockets; send.ts sends it. */
export interface Answer {
  readonly code: number;
  /** Undefined where there is nothing that has a type. */
  readonly contentType: string | undefined;
  /** A name that stands several times becomes as many lines. */
  readonly headers?: readonly Header[];
  /** A large body goes out as gzip to whoever takes it: objects of the API, and nothing else (as upstream). */
  readonly isCompressible?: boolean;
  /** Pieces are taken one by one while the client keeps up, over as many turns of the event loop as that needs. */
  readonly body: string | Buffer | Iterable<string | Buffer>;
}

/** An answer that is at hand. */
export interface WholeAnswer extends Answer {
  readonly body: string | Buffer;
}

export type Header = readonly [name: string, value: string];

export const JSON_TYPE = 'application/json';
export const TEXT = 'text/plain; charset=utf-8';
export const NO_SNIFF: readonly Header[] = [['X-Content-Type-Options', 'nosniff']];

/** The headers of an answer by name, the type included. */
export function headerLines({ contentType, headers = [] }: Answer): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  if (contentType !== undefined) lines.set('Content-Type', [contentType]);
  for (const [name, value] of headers) lines.set(name, [...(lines.get(name) ?? []), value]);
  return lines;
}

/** A plain text as Go's http.Error writes it: a line break at the end, and browsers must not guess a type. */
export function textAnswer(
  code: number,
  text: string,
  headers: readonly Header[] = [],
): WholeAnswer {
  return { code, contentType: TEXT, headers: [...NO_SNIFF, ...headers], body: `${text}\n` };
}
