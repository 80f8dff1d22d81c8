/**
 * Chance that is the same every time: everything invented in the simulated world comes from a seed and
 * a text or a number, never from a generator with hidden state, so that it may be asked in any order.
 */

/** A number of 32 bits from a seed and a text (FNV-1a, then stirred, since FNV's upper bits are weak). */
export function hashText(seed: number, text: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return stir(hash);
}

/** A number of 32 bits from two others. */
export function hashNumber(seed: number, value: number): number {
  // The parts above 2^32 count too: grid points of a clock in ms pass it.
  const high = Math.floor(value / 2 ** 32);
  return stir(stir(seed ^ Math.imul(value | 0, 0x9e3779b1)) ^ Math.imul(high + 1, 0x85ebca77));
}

/** The finalizer of MurmurHash3 (public domain): every bit of the input reaches every bit of the result. */
function stir(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A whole number from `from` up to and including `to`. */
export function between(hash: number, from: number, to: number): number {
  return from + (hash % (to - from + 1));
}

/** 128 bits in hexadecimal: what a kubelet uses as the uid of a static pod. */
export function hexOf(seed: number, text: string): string {
  return [1, 2, 3, 4].map((part) => hex32(hashText(hashNumber(seed, part), text))).join('');
}

/** A UUID of version 4, as the API server gives one to every object. */
export function uuidOf(seed: number, text: string): string {
  const hex = hexOf(seed, text);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** The letters that Kubernetes gives to generated names: no vowels and nothing that looks like another. */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** What follows the last dash of a generated name: `x2k9q`. */
export function nameSuffix(seed: number, text: string, length = 5): string {
  let suffix = '';
  for (let at = 0; at < length; at++) {
    suffix += NAME_LETTERS.charAt(hashText(seed + at, text) % NAME_LETTERS.length);
  }
  return suffix;
}

/** A copy in another order, the same one for the same seed (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = hashNumber(seed, last) % (last + 1);
    const item = copy[last] as Item;
    copy[last] = copy[other] as Item;
    copy[other] = item;
  }
  return copy;
}
