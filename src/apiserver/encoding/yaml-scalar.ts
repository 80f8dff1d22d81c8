/**
 * Which strings a YAML 1.1 reader would take for something else when they stand bare, by the rules of the Go
 * library that upstream writes with (go.yaml.in/yaml/v2: resolve.go and encode.go).
 */

const WORDS = new Set([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'],
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'],
  ...['', '~', 'null', 'Null', 'NULL'],
  ...['.nan', '.NaN', '.NAN', '.inf', '.Inf', '.INF'],
  ...['+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'],
]);

/** Whether a bare string is read as that string, and as nothing else. */
export function isReadAsString(text: string): boolean {
  if (WORDS.has(text)) return false;
  const first = text.charCodeAt(0);
  if (first === DOT) return !(POINT_FLOAT.test(text) && isFinite(text));
  const mayBeNumber = first === PLUS || first === MINUS || (first >= ZERO && first <= NINE);
  return (
    !mayBeNumber ||
    !(isTimestamp(text) || isNumber(text.replaceAll('_', '')) || isSexagesimal(text))
  );
}

const [PLUS, MINUS, DOT, ZERO, NINE] = [0x2b, 0x2d, 0x2e, 0x30, 0x39];

/** What begins with a point, as strconv.ParseFloat reads it: underscores between digits. */
const POINT_FLOAT = /^\.\d+(?:_\d+)*(?:[eE][+-]?\d+(?:_\d+)*)?$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
/** Go's integer literals with their prefixes; what follows a bare 0 is octal. */
const INTEGER = /^([-+]?)(?:0[bB]([01]+)|0[oO]?([0-7]+)|0[xX]([\da-fA-F]+)|(0|[1-9]\d*))$/;
/** A prefix and then a sign: the reader parses what follows `0b` once more. */
const SIGNED_BINARY = /^0b([-+][01]+)$/;

function isNumber(text: string): boolean {
  return isInteger(text) || (FLOAT.test(text) && isFinite(text));
}

/** A number beyond the range of a float64 is read as a string; one too close to zero is zero. */
function isFinite(text: string): boolean {
  return Number.isFinite(Number(text.replaceAll('_', '')));
}

/** In the range of an int64, or without a sign of a uint64. */
function isInteger(text: string): boolean {
  const [, signed] = SIGNED_BINARY.exec(text) ?? [];
  if (signed !== undefined) return isInteger(`${signed.slice(0, 1)}0b${signed.slice(1)}`);
  const [, sign, binary, octal, hexadecimal, decimal] = INTEGER.exec(text) ?? [];
  if (sign === undefined) return false;
  const magnitude = magnitudeOf(binary, octal, hexadecimal, decimal);
  if (sign === '') return magnitude < 2n ** 64n;
  return sign === '+' ? magnitude < 2n ** 63n : magnitude <= 2n ** 63n;
}

function magnitudeOf(
  binary: string | undefined,
  octal: string | undefined,
  hexadecimal: string | undefined,
  decimal = '0',
): bigint {
  if (binary !== undefined) return BigInt(`0b${binary}`);
  if (octal !== undefined) return BigInt(`0o${octal}`);
  return BigInt(hexadecimal === undefined ? decimal : `0x${hexadecimal}`);
}

/** Minutes and seconds behind colons, an old way to write numbers that some readers still know. */
function isSexagesimal(text: string): boolean {
  return /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/.test(text);
}

const TIMESTAMP =
  /^(\d{4}-\d{1,2}-\d{1,2})(?:[Tt](\d{1,2}:\d{1,2}:\d{1,2})(?:[.,]\d+)?(?:Z|[+-](\d\d:\d\d))| +(\d{1,2}:\d{1,2}:\d{1,2})(?:[.,]\d+)?)?$/;

/** A date, a time with a zone behind a T, or a time without one behind spaces: what Go's reader tries. */
function isTimestamp(text: string): boolean {
  const match = TIMESTAMP.exec(text);
  if (!match) return false;
  const [, date = '', zonedTime, zone, time] = match;
  return isDate(date) && isTime(zonedTime ?? time ?? '0:0:0') && isZone(zone ?? '0:0');
}

function isTime(text: string): boolean {
  const [hour = 0, minute = 0, second = 0] = text.split(':').map(Number);
  return hour < 24 && minute < 60 && second < 60;
}

function isZone(text: string): boolean {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  return hour <= 24 && minute <= 60;
}

function isDate(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return day <= days;
}
