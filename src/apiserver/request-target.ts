import { isIPv6 } from 'node:net';
import { percentDecode } from './query.ts';

/** What a request line names. */
export interface RequestTarget {
  /** Decoded; see textOfBytes for bytes that are not UTF-8. '' where there is none, as in an authority. */
  readonly path: string;
  /** What stands after the `?`, as it came. */
  readonly query: string;
}

/**
 * Reads the target of a request line (RFC 9112 section 3.2) as Go's HTTP server does: a path, a whole URL,
 * `*`, an authority after CONNECT, and whatever else its net/url takes for a request. `text` has one character a byte.
 * Undefined: it means nothing, and no handler gets to see such a request.
 */
export function parseTarget(method: string, text: string): RequestTarget | undefined {
  if (method === 'CONNECT' && !text.startsWith('/')) return parseUrl(`http://${text}`);
  return text === '*' ? { path: '*', query: '' } : parseUrl(text);
}

/** A path without the slashes at its beginning and its end. */
export function withoutOuterSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}

function parseUrl(url: string): RequestTarget | undefined {
  const [scheme = ''] = url.startsWith('/') ? [] : (/^[A-Za-z][A-Za-z0-9+.-]*:/.exec(url) ?? []);
  const rest = url.slice(scheme.length);
  const question = rest.indexOf('?');
  const hierarchy = question === -1 ? rest : rest.slice(0, question);
  const query = question === -1 ? '' : rest.slice(question + 1);
  // `mailto:x` is a URL without a path; a path that does not begin with a slash is none.
  if (!hierarchy.startsWith('/')) return scheme === '' ? undefined : { path: '', query };
  const escaped = scheme === '' ? hierarchy : withoutAuthority(hierarchy);
  const path = escaped === undefined ? undefined : percentDecode(escaped);
  return path === undefined ? undefined : { path, query };
}

function withoutAuthority(hierarchy: string): string | undefined {
  if (!hierarchy.startsWith('//')) return hierarchy;
  const slash = hierarchy.indexOf('/', 2);
  const end = slash === -1 ? hierarchy.length : slash;
  return isAuthority(hierarchy.slice(2, end)) ? hierarchy.slice(end) : undefined;
}

const USER = /^(?:[\w\-.:~!$&'()*+,;=@]|%[0-9A-Fa-f]{2})*$/;
/** Only bytes beyond ASCII may be escaped in a host. */
const HOST = /^(?:[\w\-.~!$&'()*+,;=\]<>"\u0080-\u00ff]|%[89A-Fa-f][0-9A-Fa-f])*(?::\d*)?$/;
const LITERAL = /^\[([^\]%]*)(?:%25[^\]]*)?\](?::\d*)?$/;

function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at !== -1 && !USER.test(text.slice(0, at))) return false;
  const host = text.slice(at + 1);
  const [, address] = LITERAL.exec(host) ?? [];
  return address === undefined ? HOST.test(host) : isIPv6(address);
}
