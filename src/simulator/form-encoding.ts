/**
 * The URL with its query read and written again as Go does (url.ParseQuery, Values.Encode), which is how
 * it leaves the aggregator: keys sorted, `+` for a space, pairs that cannot be read dropped. The path is
 * left alone.
 */
export function encodeQuery(url: string): string {
  const mark = url.indexOf('?');
  if (mark === -1) return url;
  const byKey = new Map<string, string[]>();
  for (const pair of url.slice(mark + 1).split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const [, rawKey = '', rawValue = ''] = /^([^=]*)=?([^]*)$/.exec(pair) ?? [];
    const key = unescape(rawKey);
    const value = unescape(rawValue);
    if (key === undefined || value === undefined) continue;
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  const pairs = [...byKey]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([key, values]) => values.map((value) => `${escape(key)}=${escape(value)}`));
  return pairs.length === 0 ? url.slice(0, mark) : `${url.slice(0, mark)}?${pairs.join('&')}`;
}

/** Bytes as characters, since the bytes need not be UTF-8; undefined for a percent sign without two digits. */
function unescape(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text
    .replaceAll('+', ' ')
    .replace(/%(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

function escape(bytes: string): string {
  return bytes.replace(/[^A-Za-z0-9_.~-]/g, (character) =>
    character === ' '
      ? '+'
      : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
