import type { Header } from './answer.ts';

/** Fixed answers of upstream: apiserver/pkg/server/filters/cors.go. */
const ALLOWED: readonly Header[] = [
  ['Access-Control-Allow-Methods', 'POST, GET, OPTIONS, PUT, DELETE, PATCH'],
  [
    'Access-Control-Allow-Headers',
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
  ],
  ['Access-Control-Expose-Headers', 'Date'],
  ['Access-Control-Allow-Credentials', 'true'],
];

/**
 * Headers for a browser page of another origin, by `--cors-allowed-origins`: regular expressions, none by
 * default. Undefined: this origin gets none.
 * @throws SyntaxError while being built, when a pattern is none.
 */
export function corsHeaders(
  patterns: readonly string[],
): (origin: string | undefined) => readonly Header[] | undefined {
  const allowed = patterns.map((pattern) => new RegExp(pattern));
  return (origin) => {
    if (origin === undefined || !allowed.some((pattern) => pattern.test(origin))) return undefined;
    return [['Access-Control-Allow-Origin', origin], ...ALLOWED];
  };
}
