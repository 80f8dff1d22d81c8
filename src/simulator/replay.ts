import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { givenPages } from './given-pages.ts';
import { uuidOf } from './seed.ts';
import { formatTimestamp } from './timestamps.ts';
import { nodeConditions } from './world-objects.ts';
import type { NodeObject, PodObject } from './world-objects.ts';
import type { SimulatedNode, World } from './world.ts';

/** One captured body of a kubelet: a summary (JSON) or a /metrics/resource page (anything else). */
export interface Capture {
  /** For messages: where it came from. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Reads captures from files. Rejects as node:fs does. */
export async function readCaptures(files: readonly string[]): Promise<Capture[]> {
  return Promise.all(
    files.map(async (file) => ({ name: basename(file), bytes: await readFile(file) })),
  );
}

/**
 * Adds a node whose kubelet gives captured bodies, byte by byte: the first one to the first scrape, and so
 * on; the last one stays. The pods in them are put into the API with the uids that the kubelet says, so
 * that their figures are served.
 *
 * Times are left as they were captured. Rates come from the kubelet's clock alone, and how old a figure is
 * is counted from when its sample first arrived (design.md 2.2), so captures of any age serve as well.
 *
 * @throws TypeError when there is no capture, or one is neither a summary nor a resource page.
 */
export function addReplay(world: World, captures: readonly Capture[]): SimulatedNode {
  if (captures.length === 0) throw new TypeError('Cannot replay: there is no capture');
  const read = captures.map(readCapture);
  const said = toObjectName(
    read.map(({ nodeName }) => nodeName).find((name) => name !== '') ?? 'replay',
  );
  const nodeName = world.node(said) ? `${said}-replay` : said;
  // Of a pod that is in several captures, the last word counts: that is the one that stays.
  const pods = new Map(
    read.flatMap((capture) => capture.pods).map((pod) => [`${pod.namespace}/${pod.name}`, pod]),
  );
  const node = world.adoptNode(
    replayNode(world, nodeName, Math.max(...read.map(({ memoryBytes }) => memoryBytes))),
    givenPages({
      summaries: read.filter(({ kind }) => kind === 'summary').map(({ bytes }) => bytes),
      resourcePages: read.filter(({ kind }) => kind === 'resource').map(({ bytes }) => bytes),
    }),
  );
  for (const pod of pods.values()) {
    const object = replayPod(world, nodeName, pod);
    world.adoptPod(object, pod.uid === '' ? object.metadata.uid : pod.uid);
  }
  return node;
}

/** Captures were made unrecognisable by hand here and there, in letters that no object name may have. */
function toObjectName(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-');
}

interface CapturedPod {
  readonly namespace: string;
  readonly name: string;
  /** '' when the capture says none. */
  readonly uid: string;
  readonly startTime: string | undefined;
  readonly containerNames: readonly string[];
}

interface ReadCapture {
  readonly kind: 'summary' | 'resource';
  readonly bytes: Uint8Array;
  /** '' when the capture says none. */
  readonly nodeName: string;
  /** The node's memory as far as the capture tells, otherwise 0. */
  readonly memoryBytes: number;
  readonly pods: readonly CapturedPod[];
}

function readCapture({ name, bytes }: Capture): ReadCapture {
  const text = Buffer.from(bytes).toString('utf8');
  if (text.trimStart().startsWith('{')) return { ...readSummary(name, text), bytes };
  if (!text.includes('# TYPE ')) {
    throw new TypeError(
      `Cannot replay "${name}": expected a summary (JSON) or a page of /metrics/resource`,
    );
  }
  return { kind: 'resource', bytes, nodeName: '', memoryBytes: 0, pods: podsOfPage(text) };
}

/** The members of a summary that say who was there. All of them may be missing or null. */
interface CapturedSummary {
  readonly node?: {
    readonly nodeName?: string;
    readonly memory?: {
      readonly availableBytes?: number;
      readonly workingSetBytes?: number;
    } | null;
  } | null;
  readonly pods?:
    | readonly {
        readonly podRef?: {
          readonly name?: string;
          readonly namespace?: string;
          readonly uid?: string;
        };
        readonly startTime?: string | null;
        readonly containers?: readonly { readonly name?: string }[] | null;
      }[]
    | null;
}

function readSummary(name: string, text: string): Omit<ReadCapture, 'bytes'> {
  const { node, pods } = parseSummary(name, text);
  const { availableBytes = 0, workingSetBytes = 0 } = node?.memory ?? {};
  return {
    kind: 'summary',
    nodeName: node?.nodeName ?? '',
    memoryBytes: availableBytes + workingSetBytes,
    pods: (pods ?? []).flatMap(({ podRef, startTime, containers }) =>
      podRef?.name === undefined || podRef.namespace === undefined
        ? []
        : {
            namespace: podRef.namespace,
            name: podRef.name,
            uid: podRef.uid ?? '',
            startTime: startTime ?? undefined,
            containerNames: (containers ?? []).flatMap((container) => container.name ?? []),
          },
    ),
  };
}

function parseSummary(name: string, text: string): CapturedSummary {
  let summary: CapturedSummary;
  try {
    summary = JSON.parse(text) as CapturedSummary;
  } catch (cause) {
    throw new TypeError(`Cannot replay "${name}": it is not whole JSON`, { cause });
  }
  if ('pods' in summary) return summary;
  throw new TypeError(`Cannot replay "${name}": expected a summary, with a member "pods"`);
}

function podsOfPage(text: string): CapturedPod[] {
  const containersOf = new Map<string, Set<string>>();
  for (const [, labels = ''] of text.matchAll(/^container_[a-z_]+\{([^}]*)\}/gm)) {
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const key = `${label('namespace')}/${label('pod')}`;
    const names = containersOf.get(key) ?? new Set();
    containersOf.set(key, names.add(label('container')));
  }
  return [...containersOf].map(([key, names]) => {
    const [namespace = '', name = ''] = key.split('/');
    return { namespace, name, uid: '', startTime: undefined, containerNames: [...names] };
  });
}

const DEFAULT_MEMORY_BYTES = 16 * 1024 ** 3;

function replayNode(world: World, name: string, memoryBytes: number): NodeObject {
  const nowMs = world.clock.nowMs();
  const memory = `${Math.floor((memoryBytes > 0 ? memoryBytes : DEFAULT_MEMORY_BYTES) / 1024)}Ki`;
  const resources = { cpu: '8', memory, pods: '110' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: uuidOf(world.seed, `node/${name}`),
      creationTimestamp: formatTimestamp(nowMs),
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'simulator/replay': 'true',
      },
    },
    spec: {},
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: nodeConditions(true, nowMs, nowMs),
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    },
  };
}

/** A static pod's uid is the hash of its file, without dashes: the API knows it as an annotation. */
const CONFIG_HASH = /^[0-9a-f]{32}$/;

function replayPod(world: World, nodeName: string, pod: CapturedPod): PodObject {
  const { namespace, name, uid } = pod;
  const isStatic = CONFIG_HASH.test(uid);
  const containers = pod.containerNames.length > 0 ? pod.containerNames : ['unknown'];
  const startTime = pod.startTime ?? formatTimestamp(world.clock.nowMs());
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: isStatic || uid === '' ? uuidOf(world.seed, `pod/${namespace}/${name}`) : uid,
      creationTimestamp: startTime,
      labels: { 'simulator/replay': 'true' },
      ...(isStatic && {
        annotations: {
          'kubernetes.io/config.hash': uid,
          'kubernetes.io/config.mirror': uid,
          'kubernetes.io/config.source': 'file',
        },
      }),
    },
    spec: { nodeName, containers: containers.map((container) => ({ name: container })) },
    status: replayStatus(containers, startTime),
  };
}

/** As far as a capture can tell: what it names was running. */
function replayStatus(containers: readonly string[], startTime: string): PodObject['status'] {
  const containerStatuses = containers.map((name) => ({
    name,
    ready: true,
    restartCount: 0,
    state: { running: { startedAt: startTime } },
  }));
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: startTime };
  return {
    phase: 'Running',
    startTime,
    conditions: [ready],
    containerStatuses,
  } as PodObject['status'];
}
