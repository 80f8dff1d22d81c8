/** Unchanged lines that are shown around changed ones. */
const CONTEXT_LINES = 2;
const MOST_LINES = 60;
/** Beyond this, the table below would be too large; what is equal at both ends is cut off before. */
const MOST_CELLS = 4_000_000;

/**
 * The difference of two texts line by line: `-` was expected, `+` came, two blanks for what is around them.
 * None when they are equal. The last line says when more was left out.
 */
export function lineDifference(expected: string, actual: string): string[] {
  if (expected === actual) return [];
  const [left, right] = [expected.split('\n'), actual.split('\n')];
  let head = 0;
  while (head < Math.min(left.length, right.length) && left[head] === right[head]) head++;
  let tail = 0;
  const shorter = Math.min(left.length, right.length) - head;
  while (tail < shorter && left.at(-1 - tail) === right.at(-1 - tail)) tail++;
  const changes = [
    ...left.slice(0, head).map((line) => `  ${line}`),
    ...changesOf(left.slice(head, left.length - tail), right.slice(head, right.length - tail)),
    ...left.slice(left.length - tail).map((line) => `  ${line}`),
  ];
  const shown = around(changes);
  const more = shown.length - MOST_LINES;
  return more > 0 ? [...shown.slice(0, MOST_LINES), `  ... and ${more} more lines`] : shown;
}

/** By the longest common subsequence. */
function changesOf(left: readonly string[], right: readonly string[]): string[] {
  if (left.length * right.length > MOST_CELLS) {
    return [...left.map((line) => `- ${line}`), ...right.map((line) => `+ ${line}`)];
  }
  const lengthAt = commonLengths(left, right);
  const changes: string[] = [];
  let column = 0;
  for (const [row, expected] of left.entries()) {
    const isCommon = (at: number): boolean =>
      right[at] === expected && lengthAt(row + 1, at + 1) + 1 === lengthAt(row, column);
    let found = column;
    while (found < right.length && !isCommon(found)) found++;
    if (found === right.length) {
      changes.push(`- ${expected}`);
      continue;
    }
    changes.push(...right.slice(column, found).map((line) => `+ ${line}`), `  ${expected}`);
    column = found + 1;
  }
  return [...changes, ...right.slice(column).map((line) => `+ ${line}`)];
}

/** How long it is of the rests of both texts that begin at these lines. */
function commonLengths(
  left: readonly string[],
  right: readonly string[],
): (row: number, column: number) => number {
  const lengths = [...left, ''].map(() => new Uint32Array(right.length + 1));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      const isEqual = left[row] === right[column];
      const longest = Math.max(at(row + 1, column), at(row, column + 1));
      lengths[row]?.fill(isEqual ? at(row + 1, column + 1) + 1 : longest, column, column + 1);
    }
  }
  return at;
}

function around(changes: readonly string[]): string[] {
  const isNear = changes.map((_, index) =>
    changes
      .slice(Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1)
      .some((line) => !line.startsWith('  ')),
  );
  return changes.flatMap((line, index) => {
    if (isNear[index] === true) return [line];
    return isNear[index + 1] === true ? ['  ...'] : [];
  });
}
