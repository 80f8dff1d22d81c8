/** What `kubectl top` would show, as numbers. */
export interface TopFigures {
  readonly nodes: readonly NodeFigures[];
  readonly pods: readonly PodFigures[];
}

export interface NodeFigures {
  readonly name: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** Of what the node can give, 0 to 1; NaN when that is unknown. */
  readonly cpuShare: number;
  readonly memoryShare: number;
  readonly timestampMs: number;
}

export interface PodFigures {
  readonly namespace: string;
  readonly name: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
}

/** Lines that are no rows: blank ones, headings, what was left out. */
const LINES_AROUND = 7;
const FEWEST_ROWS = 3;
const MOST_PODS = 10;

/** Two tables in at most `maxLines` lines: nodes by name, then the busiest pods. */
export function topTables({ nodes, pods }: TopFigures, maxLines: number): string[] {
  const rows = Math.max(2 * FEWEST_ROWS, maxLines - LINES_AROUND);
  const shownNodes = nodes.slice(0, Math.max(FEWEST_ROWS, rows - Math.min(MOST_PODS, pods.length)));
  const shownPods = busiest(pods).slice(
    0,
    Math.max(FEWEST_ROWS, Math.min(MOST_PODS, rows - shownNodes.length)),
  );
  return [
    ...columns([
      ['NODE', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'],
      ...shownNodes.map(({ name, cpuCores, cpuShare, memoryBytes, memoryShare }) => [
        name,
        milliCores(cpuCores),
        percent(cpuShare),
        mebibytes(memoryBytes),
        percent(memoryShare),
      ]),
    ]),
    ...leftOut(nodes.length - shownNodes.length, 'nodes'),
    '',
    ...columns([
      ['NAMESPACE', 'BUSIEST PODS', 'CPU(cores)', 'MEMORY(bytes)'],
      ...shownPods.map(({ namespace, name, cpuCores, memoryBytes }) => [
        namespace,
        name,
        milliCores(cpuCores),
        mebibytes(memoryBytes),
      ]),
    ]),
    ...leftOut(pods.length - shownPods.length, 'pods'),
  ];
}

/** The same in one line, for a log. */
export function topLine({ nodes, pods }: TopFigures): string {
  const cpuCores = nodes.reduce((sum, node) => sum + node.cpuCores, 0);
  const memoryBytes = nodes.reduce((sum, node) => sum + node.memoryBytes, 0);
  const [first] = busiest(pods);
  const most = first
    ? `, busiest ${first.namespace}/${first.name} ${milliCores(first.cpuCores)} ${mebibytes(first.memoryBytes)}`
    : '';
  return `${nodes.length} nodes ${milliCores(cpuCores)} ${mebibytes(memoryBytes)}, ${pods.length} pods${most}`;
}

function busiest(pods: readonly PodFigures[]): PodFigures[] {
  return pods.toSorted((left, right) => right.cpuCores - left.cpuCores);
}

function leftOut(count: number, what: string): string[] {
  return count > 0 ? [`... and ${count} more ${what}`] : [];
}

/** Rounded up, as kubectl does. Nanocores first: a sum of fractions of cores is a little off. */
function milliCores(cpuCores: number): string {
  return `${Math.ceil(Math.round(cpuCores * 1e9) / 1e6)}m`;
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)}Mi`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? '<unknown>' : `${Math.floor(share * 100)}%`;
}

/** As kubectl's tables: columns to the left, three blanks between. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, index) => Math.max(cell.length, widest[index] ?? 0)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
