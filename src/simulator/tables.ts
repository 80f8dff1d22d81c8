import { parseTimestamp } from '../apimachinery/timestamp.ts';
import { type KubeObject, listAt, textAt, textsAt, valueAt } from './kube-object.ts';
import { type MetaVersion, toPartial } from './representation.ts';
import type { ResourceType } from './resource-type.ts';

type Cell = string | number;

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer';
  /** 'name' for the column kubectl may prefix with the kind. */
  readonly format: string;
  /** 1: only with `-o wide`. */
  readonly priority: 0 | 1;
  cell(object: KubeObject, nowMs: number): Cell;
}

export interface TableContext {
  readonly version: MetaVersion;
  readonly nowMs: number;
  readonly metadata: object;
}

/** Objects as kubectl prints them, with the columns of the real one (kubernetes/pkg/printers/internalversion). */
export function toTable(
  type: ResourceType,
  objects: readonly KubeObject[],
  { version, nowMs, metadata }: TableContext,
): object {
  const columns = COLUMNS.get(type.kind) ?? [NAME, AGE];
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columns.map(({ name, type: cellType, format, priority }) => ({
      name,
      type: cellType,
      format,
      description: '',
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, nowMs)),
      object: toPartial(object, version),
    })),
  };
}

function column(
  name: string,
  cell: Column['cell'],
  rest: Partial<Pick<Column, 'type' | 'format' | 'priority'>> = {},
): Column {
  return { name, type: 'string', format: '', priority: 0, ...rest, cell };
}

function wide(name: string, cell: Column['cell']): Column {
  return column(name, cell, { priority: 1 });
}

const NONE = '<none>';
const orNone = (text: string): string => (text === '' ? NONE : text);

const NAME = column('Name', ({ metadata }) => metadata.name, { format: 'name' });
const AGE = column('Age', ({ metadata }, nowMs) => ageOf(metadata.creationTimestamp ?? '', nowMs));
const ROLE = column(
  'Role',
  (binding) => `${textAt(binding, 'roleRef', 'kind')}/${textAt(binding, 'roleRef', 'name')}`,
);

const COLUMNS: ReadonlyMap<string, readonly Column[]> = new Map([
  [
    'Node',
    [
      NAME,
      column('Status', nodeStatus),
      column('Roles', nodeRoles),
      AGE,
      column('Version', (node) => textAt(node, 'status', 'nodeInfo', 'kubeletVersion')),
      wide('Internal-IP', (node) => nodeAddress(node, 'InternalIP')),
      wide('External-IP', (node) => nodeAddress(node, 'ExternalIP')),
      wide('OS-Image', (node) => nodeInfo(node, 'osImage')),
      wide('Kernel-Version', (node) => nodeInfo(node, 'kernelVersion')),
      wide('Container-Runtime', (node) => nodeInfo(node, 'containerRuntimeVersion')),
    ],
  ],
  [
    'Pod',
    [
      NAME,
      column('Ready', podReady),
      column('Status', podStatus),
      column('Restarts', podRestarts),
      AGE,
      wide('IP', (pod) => orNone(textAt(pod, 'status', 'podIP'))),
      wide('Node', (pod) => orNone(textAt(pod, 'spec', 'nodeName'))),
      wide('Nominated Node', (pod) => orNone(textAt(pod, 'status', 'nominatedNodeName'))),
      wide('Readiness Gates', () => NONE),
    ],
  ],
  ['Namespace', [NAME, column('Status', (namespace) => textAt(namespace, 'status', 'phase')), AGE]],
  [
    'APIService',
    [NAME, column('Service', apiServiceTarget), column('Available', apiServiceAvailability), AGE],
  ],
  [
    'ConfigMap',
    [
      NAME,
      column('Data', (map) => Object.keys(valueAt(map, 'data') ?? {}).length, { type: 'integer' }),
      AGE,
    ],
  ],
  [
    'Service',
    [
      NAME,
      column('Type', (service) => textAt(service, 'spec', 'type')),
      column('Cluster-IP', (service) => orNone(textAt(service, 'spec', 'clusterIP'))),
      column('External-IP', () => NONE),
      column('Port(s)', servicePorts),
      AGE,
      wide('Selector', (service) => selectorText(valueAt(service, 'spec', 'selector'))),
    ],
  ],
  [
    'EndpointSlice',
    [
      NAME,
      column('AddressType', (slice) => textAt(slice, 'addressType')),
      column('Ports', slicePorts),
      column('Endpoints', sliceEndpoints),
      AGE,
    ],
  ],
  ['ClusterRole', [NAME, column('Created At', ({ metadata }) => metadata.creationTimestamp ?? '')]],
  ['Role', [NAME, column('Created At', ({ metadata }) => metadata.creationTimestamp ?? '')]],
  ['ClusterRoleBinding', [NAME, ROLE, AGE]],
  ['RoleBinding', [NAME, ROLE, AGE]],
]);

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, 'status', 'conditions').find(
    (condition) => textAt(condition, 'type') === 'Ready',
  );
  const status = ready === undefined ? 'Unknown' : READINESS.get(textAt(ready, 'status'));
  const cordoned = valueAt(node, 'spec', 'unschedulable') === true ? ',SchedulingDisabled' : '';
  return `${status ?? 'NotReady'}${cordoned}`;
}

const READINESS = new Map([['True', 'Ready']]);

function nodeRoles({ metadata }: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(metadata.labels ?? {})
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  return orNone(roles.sort().join(','));
}

function nodeAddress(node: KubeObject, type: string): string {
  const address = listAt(node, 'status', 'addresses').find((item) => textAt(item, 'type') === type);
  return orNone(textAt(address, 'address'));
}

function nodeInfo(node: KubeObject, member: string): string {
  const text = textAt(node, 'status', 'nodeInfo', member);
  return text === '' ? '<unknown>' : text;
}

function podReady(pod: KubeObject): string {
  const ready = listAt(pod, 'status', 'containerStatuses').filter(
    (status) => valueAt(status, 'ready') === true,
  );
  return `${ready.length}/${listAt(pod, 'spec', 'containers').length}`;
}

/** The word that says most: why a container waits or ended, else the reason or phase of the pod. */
function podStatus(pod: KubeObject): string {
  if (valueAt(pod, 'metadata', 'deletionTimestamp') !== undefined) return 'Terminating';
  const reason = textAt(pod, 'status', 'reason');
  if (reason !== '') return reason;
  for (const status of listAt(pod, 'status', 'containerStatuses')) {
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    const terminated = textAt(status, 'state', 'terminated', 'reason');
    if (waiting !== '' || terminated !== '') return waiting === '' ? terminated : waiting;
  }
  return textAt(pod, 'status', 'phase');
}

function podRestarts(pod: KubeObject, nowMs: number): string {
  const statuses = listAt(pod, 'status', 'containerStatuses');
  const counts = statuses.map((status) => Number(valueAt(status, 'restartCount') ?? 0));
  const count = counts.reduce((sum, restarts) => sum + restarts, 0);
  const ends = statuses.map((status) =>
    parseTimestamp(textAt(status, 'lastState', 'terminated', 'finishedAt')),
  );
  const lastMs = Math.max(...ends.filter((ms) => !Number.isNaN(ms)));
  if (count === 0 || !Number.isFinite(lastMs)) return String(count);
  return `${count} (${formatAge(nowMs - lastMs)} ago)`;
}

function apiServiceTarget(apiService: KubeObject): string {
  const namespace = textAt(apiService, 'spec', 'service', 'namespace');
  const name = textAt(apiService, 'spec', 'service', 'name');
  return name === '' ? 'Local' : `${namespace}/${name}`;
}

/** `True`, or `False (Reason)`. */
function apiServiceAvailability(apiService: KubeObject): string {
  const condition = listAt(apiService, 'status', 'conditions').find(
    (item) => textAt(item, 'type') === 'Available',
  );
  const status = textAt(condition, 'status');
  if (status === '') return 'Unknown';
  return status === 'True' ? status : `${status} (${textAt(condition, 'reason')})`;
}

function servicePorts(service: KubeObject): string {
  const ports = listAt(service, 'spec', 'ports').map(
    (port) => `${textAt(port, 'port')}/${textAt(port, 'protocol')}`,
  );
  return orNone(ports.join(','));
}

function slicePorts(slice: KubeObject): string {
  return orNone(
    listAt(slice, 'ports')
      .map((port) => textAt(port, 'port'))
      .join(','),
  );
}

function sliceEndpoints(slice: KubeObject): string {
  return orNone(
    listAt(slice, 'endpoints')
      .flatMap((endpoint) => textsAt(endpoint, 'addresses'))
      .join(','),
  );
}

function selectorText(selector: unknown): string {
  const pairs = Object.entries(selector ?? {}).map(([key, value]) => `${key}=${String(value)}`);
  return orNone(pairs.join(','));
}

function ageOf(creationTimestamp: string, nowMs: number): string {
  const bornMs = parseTimestamp(creationTimestamp);
  return Number.isNaN(bornMs) ? '<unknown>' : formatAge(nowMs - bornMs);
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

/** Two figures while they matter, then one: apimachinery/pkg/util/duration, HumanDuration. */
export function formatAge(ms: number): string {
  if (ms < -SECOND_MS) return '<invalid>';
  if (ms < 2 * MINUTE_MS) return `${Math.floor(Math.max(ms, 0) / SECOND_MS)}s`;
  if (ms < 10 * MINUTE_MS) return inUnits(ms, [MINUTE_MS, 'm'], [SECOND_MS, 's']);
  if (ms < 3 * HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m`;
  if (ms < 8 * HOUR_MS) return inUnits(ms, [HOUR_MS, 'h'], [MINUTE_MS, 'm']);
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)}h`;
  if (ms < 8 * DAY_MS) return inUnits(ms, [DAY_MS, 'd'], [HOUR_MS, 'h']);
  if (ms < 2 * YEAR_MS) return `${Math.floor(ms / DAY_MS)}d`;
  if (ms < 8 * YEAR_MS) return inUnits(ms, [YEAR_MS, 'y'], [DAY_MS, 'd']);
  return `${Math.floor(ms / YEAR_MS)}y`;
}

type Unit = readonly [ms: number, letter: string];

function inUnits(ms: number, [largeMs, large]: Unit, [smallMs, small]: Unit): string {
  const count = Math.floor(ms / largeMs);
  const rest = Math.floor((ms % largeMs) / smallMs);
  return rest === 0 ? `${count}${large}` : `${count}${large}${rest}${small}`;
}
