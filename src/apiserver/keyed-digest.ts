import { createHmac, randomBytes } from 'node:crypto';

/**
 * Makes short keys for caches out of secret, private or long texts. Each maker has a random key of its own, so a
 * heap dump does not give the texts away, not even to a dictionary attack, and nobody can prepare two texts that meet.
 */
export function keyedDigest(): (text: string) => string {
  const secret = randomBytes(32);
  // As UTF-8, all bytes that textOfBytes could not read would be the same.
  return (text) => createHmac('sha256', secret).update(text, 'utf16le').digest('base64');
}
