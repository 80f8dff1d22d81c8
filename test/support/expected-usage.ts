import type { Sample } from '../../src/simulator/samples.ts';
import { viewNode } from '../../src/simulator/samples.ts';
import type { SimulatedNode, World } from '../../src/simulator/world.ts';

/** Items of metrics.k8s.io as clients read them. */
export interface NodeMetrics {
  readonly metadata: Metadata;
  readonly timestamp: string;
  readonly window: string;
  readonly usage: Usage;
}

export interface PodMetrics {
  readonly metadata: Metadata;
  readonly timestamp: string;
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[];
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

/** Exact figures: nanocores and bytes. */
export interface Figures {
  readonly nanoCores: bigint;
  readonly bytes: bigint;
}

const NANOS: Readonly<Record<string, bigint>> = { n: 1n, u: 1_000n, m: 1_000_000n, '': 10n ** 9n };
const BYTES: Readonly<Record<string, bigint>> = {
  '': 1n,
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
};

/** Reads served quantities; throws on any other text. */
export function figuresOf({ cpu, memory }: Usage): Figures {
  return { nanoCores: quantity(cpu, NANOS), bytes: quantity(memory, BYTES) };
}

function quantity(text: string, units: Readonly<Record<string, bigint>>): bigint {
  const [, digits, unit = ''] = /^(\d+)([A-Za-z]*)$/.exec(text) ?? [];
  const factor = units[unit];
  if (digits === undefined || factor === undefined) throw new Error(`No quantity: ${text}`);
  return BigInt(digits) * factor;
}

/** What has to be served of a node between the two samples that the answer names. */
export function expectedNode(world: World, { metadata, timestamp, window }: NodeMetrics): Figures {
  const node = nodeOf(world, metadata.name);
  return between(timestamp, window, (atMs) => viewNode(world, node, atMs).sample);
}

/**
 * What has to be served of a container between the two samples that the answer names. Of a pod with
 * several containers the answer names those of the earliest one only.
 */
export function expectedContainer(
  world: World,
  { metadata, timestamp, window }: PodMetrics,
  containerName: string,
): Figures {
  const { namespace = '', name } = metadata;
  const pod = world.pod(namespace, name);
  if (!pod) throw new Error(`The world has no pod "${namespace}/${name}"`);
  const node = nodeOf(world, pod.nodeName);
  return between(timestamp, window, (atMs) => {
    const view = viewNode(world, node, atMs).pods.find((candidate) => candidate.pod === pod);
    return view?.containers.find(({ container }) => container.name === containerName)?.sample;
  });
}

function nodeOf(world: World, name: string): SimulatedNode {
  const node = world.node(name);
  if (!node) throw new Error(`The world has no node "${name}"`);
  return node;
}

/**
 * From the samples taken within the whole seconds in which the window begins and ends. The kubelet says no
 * more than these seconds: the true rate lies between used/(window + 1) and used/(window - 1), and within
 * that its own rate is served (docs/design.md 2.1).
 */
function between(
  timestamp: string,
  window: string,
  sampleAt: (atMs: number) => Sample | undefined,
): Figures {
  const endSecond = Date.parse(timestamp) / 1000;
  const seconds = secondsOf(window);
  const before = sampleIn(endSecond - seconds, sampleAt);
  const after = sampleIn(endSecond, sampleAt);
  const used = after.cpuNanos - before.cpuNanos;
  const least = used / BigInt(seconds + 1);
  const most = used / BigInt(seconds - 1);
  const said = after.rateNanoCores;
  const held = said < least ? least : said > most ? most : said;
  return {
    nanoCores: said > 0n ? held : used / BigInt(seconds),
    bytes: after.workingSetBytes,
  };
}

function secondsOf(window: string): number {
  const [whole, minutes = '0', seconds = ''] = /^(?:(\d+)m)?(\d+)s$/.exec(window) ?? [];
  if (whole === undefined) throw new Error(`No window of whole seconds: ${window}`);
  return Number(minutes) * 60 + Number(seconds);
}

function sampleIn(second: number, sampleAt: (atMs: number) => Sample | undefined): Sample {
  const sample = sampleAt(second * 1000 + 999);
  if (!sample || Math.floor(sample.atMs / 1000) !== second) {
    throw new Error(`No sample was taken at ${new Date(second * 1000).toISOString()}`);
  }
  return sample;
}
