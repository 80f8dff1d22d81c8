const MAGIC = Buffer.from('\x7fELF\x02\x01', 'latin1');
/** Offsets in the header of a 64-bit ELF file: elf(5). */
const AT = { programHeaders: 32, entrySize: 54, entries: 56 };
/** A program header that names the loader of shared libraries. */
const PT_INTERP = 3;

/** Whether a program needs no shared libraries: a 64-bit, little-endian ELF file without a loader. */
export function isStatic(file: Buffer): boolean {
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) return false;
  const start = Number(file.readBigUInt64LE(AT.programHeaders));
  const size = file.readUInt16LE(AT.entrySize);
  const count = file.readUInt16LE(AT.entries);
  const kinds = Array.from({ length: count }, (_, at) => file.readUInt32LE(start + at * size));
  return !kinds.includes(PT_INTERP);
}
