/** One figure of a run: a row of the tables. */
export interface Row {
  readonly key: string;
  readonly name: string;
}

const LISTS = [
  ['allJson', 'all pods, JSON'],
  ['allProtobuf', 'all pods, protobuf'],
  ['allTable', 'all pods, Table'],
  ['pages', 'all pods in pages of 500, the whole walk'],
  ['namespaceJson', 'one namespace, JSON'],
  ['namespaceProtobuf', 'one namespace, protobuf'],
  ['nodesJson', 'all nodes, JSON'],
] as const;

const SMALL = [
  ['selector', 'namespace and label selector'],
  ['pod', 'one pod'],
  ['readyz', '/readyz'],
] as const;

const LOOP_DELAYS = [
  ['Start', 'until the first figures'],
  ['Rest', 'at rest'],
  ['Lists', 'during lists'],
] as const;

/** Every figure that a run may have, in the order of the tables. What less of is better unless its name says "/s". */
export const ROWS = [
  { key: 'secondsToListen', name: 'listens after, s' },
  { key: 'secondsToNodes', name: 'all nodes served after, s' },
  { key: 'secondsToPods', name: 'all pods with a rate served after, s' },
  { key: 'cpuMsPerScrape', name: 'CPU per node and scrape at rest, after lists, ms' },
  { key: 'millicores', name: 'CPU at rest, after lists, millicores' },
  { key: 'cpuMsPerScrapeYoung', name: 'CPU per node and scrape in the first minute, ms' },
  { key: 'millicoresYoung', name: 'CPU in the first minute, millicores' },
  { key: 'residentListening', name: 'resident when it listens, MB' },
  { key: 'residentStart', name: 'resident with its first figures, MB' },
  { key: 'residentMinute', name: 'resident after a minute, MB' },
  { key: 'residentLists', name: 'resident after lists, MB' },
  { key: 'residentPeak', name: 'resident at most, MB' },
  { key: 'anonymousListening', name: 'anonymous when it listens, MB' },
  { key: 'anonymousStart', name: 'anonymous with its first figures, MB' },
  { key: 'anonymousMinute', name: 'anonymous after a minute, MB' },
  { key: 'anonymousLists', name: 'anonymous after lists, MB' },
  { key: 'bytesPerPod', name: 'anonymous after a minute, beyond listening, bytes per pod' },
  ...LISTS.flatMap(
    ([key, name]) =>
      [
        { key: `${key}First`, name: `${name}: the first one, ms` },
        { key: `${key}P50`, name: `${name}: p50, ms` },
        { key: `${key}P99`, name: `${name}: p99, ms` },
        { key: `${key}Cpu`, name: `${name}: CPU of the server, ms` },
        { key: `${key}Mb`, name: `${name}: MB` },
      ] as const,
  ),
  { key: 'pageCount', name: 'pages that it took' },
  ...SMALL.flatMap(
    ([key, name]) =>
      [
        { key: `${key}PerSecond`, name: `${name}: requests/s` },
        { key: `${key}Cpu`, name: `${name}: CPU of the server, ms` },
      ] as const,
  ),
  { key: 'selectorMb', name: 'namespace and label selector: MB' },
  { key: 'podRoundP50', name: 'one pod during rounds: p50, ms' },
  { key: 'podRoundP99', name: 'one pod during rounds: p99, ms' },
  { key: 'podRoundUsualP99', name: 'one pod during rounds: p99 of each fifth, the median, ms' },
  { key: 'podRoundMax', name: 'one pod during rounds: longest, ms' },
  ...LOOP_DELAYS.map(
    ([when, name]) =>
      ({
        key: `loopDelay${when}`,
        name: `event-loop delay, longest of one a second ${name}, ms`,
      }) as const,
  ),
  ...LOOP_DELAYS.map(
    ([when, name]) =>
      ({
        key: `loopBlock${when}`,
        name: `event-loop delay, watched closely, longest ${name}, ms`,
      }) as const,
  ),
  ...LOOP_DELAYS.map(
    ([when, name]) =>
      ({
        key: `benchDelay${when}`,
        name: `delay of the bench's own timers, longest ${name}, ms`,
      }) as const,
  ),
  { key: 'failures', name: 'requests that failed' },
  { key: 'checkedFigures', name: 'served figures checked' },
  { key: 'wrongFigures', name: 'nodes and pods with wrong figures' },
  { key: 'figureError', name: 'CPU against the true load, median error, %' },
  {
    key: 'clusterStartMillicores',
    name: 'the simulated cluster until the first figures, millicores',
  },
  { key: 'clusterMillicores', name: 'the simulated cluster meanwhile, millicores' },
  { key: 'clientBusy', name: 'the load client meanwhile, at most, % of its CPU' },
] as const satisfies readonly Row[];

export type FigureName = (typeof ROWS)[number]['key'];
export type LoopPart = (typeof LOOP_DELAYS)[number][0];
export type SmallName = (typeof SMALL)[number][0];
export type ListName = (typeof LISTS)[number][0];

/** What one run of one server found; a figure that it cannot have is not there. */
export type Figures = ReadonlyMap<FigureName, number>;
