const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const UNITS = DECIMAL_SUFFIXES.indexOf('');

const INT64_LIMIT = 2n ** 63n;
const UINT64_LIMIT = 2n ** 64n;

/**
 * CPU as a resource.Quantity in its canonical DecimalSI form: 250000000 is `250m`.
 * @param nanoCores a whole number from 0, below 2^64; from 2^63 on its last decimal digit is lost,
 *   as upstream (pkg/storage/types.go).
 * @throws RangeError for anything else.
 */
export function formatCpu(nanoCores: number | bigint): string {
  return decimal(exact(nanoCores), 0);
}

/**
 * Memory as a resource.Quantity in its canonical BinarySI form: 1536 is `1536`, 1048576 is `1Mi`, and
 * below 1024 the decimal form, so that 1000 is `1k`. Range and errors as formatCpu, in bytes.
 */
export function formatMemory(bytes: number | bigint): string {
  const value = exact(bytes);
  return value < 1024 ? decimal(value, UNITS) : withSuffix(value, 1024, BINARY_SUFFIXES);
}

/** Checks the range. A number as long as every whole number is one, a bigint beyond. */
function exact(value: number | bigint): number | bigint {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  const whole = BigInt(value);
  if (whole < 0n || whole >= UINT64_LIMIT) {
    throw new RangeError(`Cannot format quantity: expected 0 to 2^64-1, got ${whole}`);
  }
  if (whole <= Number.MAX_SAFE_INTEGER) return Number(whole);
  return whole < INT64_LIMIT ? whole : (whole / 10n) * 10n;
}

function decimal(value: number | bigint, smallest: number): string {
  return withSuffix(value, 1000, DECIMAL_SUFFIXES.slice(smallest));
}

/** Divides by the base as often as nothing is left over. */
function withSuffix(value: number | bigint, base: number, suffixes: readonly string[]): string {
  if (value === 0 || value === 0n) return '0';
  let power = 0;
  let mantissa = value;
  if (typeof mantissa === 'bigint') {
    for (const wide = BigInt(base); mantissa % wide === 0n; mantissa /= wide) power++;
  } else {
    for (; mantissa % base === 0; mantissa /= base) power++;
  }
  return `${mantissa}${suffixes[power] ?? ''}`;
}
