import { hash, randomBytes } from 'node:crypto';

/**
 * Makes short keys for caches out of secret, private or long texts. Each maker has a random key of its own, so a
 * heap dump does not give the texts away, not even to a dictionary attack, and nobody can prepare two texts that meet.
 */
export function keyedDigest(): (text: string) => string {
  const secret = randomBytes(32).toString('latin1');
  // As UTF-8, all bytes that textOfBytes could not read would be the same.
  // Digests are not shown to anybody who could lengthen them, so that HMAC, which costs twice as much, adds nothing.
  return (text) => hash('sha256', Buffer.from(secret + text, 'utf16le'), 'base64');
}
