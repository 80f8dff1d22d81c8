import type { ItemKey } from '../../../src/apiserver/api-group.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * What a token is good for in a list of `resource` in `namespace` ('' is all): the place to go on from, or
 * the status of the refusal (design.md 2.4: malformed 400, another version 410).
 */
export function judgeToken(
  token: string,
  resource: string,
  namespace: string,
): ItemKey | 400 | 410 {
  const fields = fieldsOf(token);
  if (!fields || !('v' in fields)) return 400;
  if (fields.v !== 1) return 410;
  const key = keyOf(fields.after);
  const isOfList = fields.of === resource && fields.in === namespace;
  if (!isOfList || !key || (fields.left !== undefined && !isCount(fields.left))) return 400;
  return namespace === '' || key.namespace === namespace ? key : 400;
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function keyOf(value: unknown): ItemKey | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [namespace, name] = value as readonly unknown[];
  const isKey = typeof namespace === 'string' && typeof name === 'string' && name !== '';
  return isKey ? { namespace, name } : undefined;
}

interface Fields {
  readonly v?: unknown;
  readonly of?: unknown;
  readonly in?: unknown;
  readonly after?: unknown;
  readonly left?: unknown;
}

/** base64url without padding, of a JSON object. */
function fieldsOf(token: string): Fields | undefined {
  const bytes: number[] = [];
  let [bits, room] = [0, 0];
  for (const letter of token) {
    const value = ALPHABET.indexOf(letter);
    if (value === -1) return undefined;
    [bits, room] = [(bits << 6) | value, room + 6];
    if (room >= 8) {
      room -= 8;
      bytes.push((bits >> room) & 0xff);
    }
  }
  if (room === 6) return undefined; // a letter too many
  try {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // no JSON
  }
}
