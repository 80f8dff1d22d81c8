/**
 * Whether If-None-Match names the tag (RFC 9110 section 13.1.2, read as Go's net/http does): one of a list of
 * tags, weak ones too, or `*`. What cannot be read as a tag ends the list.
 */
export function namesTag(header: string, tag: string): boolean {
  let at = 0;
  for (;;) {
    while (at < header.length && ' \t\r\n,'.includes(header.charAt(at))) at++;
    if (at >= header.length) return false;
    if (header.charAt(at) === '*') return true;
    const start = header.startsWith('W/', at) ? at + 2 : at;
    const end = header.indexOf('"', start + 1);
    if (header.charAt(start) !== '"' || end === -1) return false;
    const found = header.slice(start, end + 1);
    // Blanks and controls are no part of a tag.
    if (/[^\x21\x23-\x7e\x80-\xff]/.test(found.slice(1, -1))) return false;
    if (found === tag) return true;
    at = end + 1;
  }
}
