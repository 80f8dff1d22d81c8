/** A whole UTF-8 sequence as Go takes it, or, captured, one byte that is part of none. */
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|([\x80-\xff])/g;

const STRAY = 0xdc00;

/**
 * Reads bytes, one a character as node:http gives them, as UTF-8. Go's strings hold any bytes; here one
 * that is no UTF-8 becomes a lone surrogate (0xff is U+DCFF), which writers know how to write: goQuote as
 * `\xff`, JSON as U+FFFD, one for each byte.
 */
export function textOfBytes(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  return bytes.replace(SEQUENCE, (sequence, stray: string | undefined) =>
    stray === undefined
      ? Buffer.from(sequence, 'latin1').toString('utf8')
      : String.fromCharCode(STRAY + stray.charCodeAt(0)),
  );
}

/** The byte that a code point of textOfBytes stands for; undefined for every true character. */
export function strayByte(code: number): number | undefined {
  return code >= STRAY + 0x80 && code <= STRAY + 0xff ? code - STRAY : undefined;
}
