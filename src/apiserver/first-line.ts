import type { IncomingMessage } from 'node:http';

/** The first line of a header that may be repeated: Node joins them, Go's server reads the first. */
export function firstLine({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const candidate = rawHeaders[at] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) {
      return rawHeaders[at + 1];
    }
  }
  return undefined;
}
