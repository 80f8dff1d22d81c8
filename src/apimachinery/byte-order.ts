/**
 * Orders texts as Go does, by their UTF-8 bytes. UTF-16 units give the same order, except that
 * surrogates (code points of four bytes) come after U+E000 to U+FFFF and not before.
 */
export function compareBytes(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let at = 0; at < shorter; at++) {
    const difference = left.charCodeAt(at) - right.charCodeAt(at);
    if (difference !== 0) {
      return byteRank(left.charCodeAt(at)) - byteRank(right.charCodeAt(at));
    }
  }
  return left.length - right.length;
}

function byteRank(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
  return isSurrogate ? unit + 0x10000 : unit;
}

/** The same for names of Kubernetes objects: they are ASCII, and there the order of UTF-16 units will do. */
export function compareNames(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
