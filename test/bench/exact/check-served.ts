import { readDuration, exactSum } from '../../property/references/duration.ts';
import { readQuantity } from '../../property/references/quantity.ts';
import { truncated } from '../../property/references/rational.ts';
import {
  type Figures,
  NODE,
  type NodeReference,
  type PodKey,
  type Served,
} from '../../support/exact/node-reference.ts';

/** What a metrics server said, as the JSON of its two lists. */
export interface ServedLists {
  /** When it was asked, ms of the same clock as that of the answers. */
  readonly askedAtMs: number;
  readonly nodes: NodeMetricsList;
  readonly pods: PodMetricsList;
}

export interface NodeMetricsList {
  readonly items: readonly (Measured & { readonly usage: UsageTexts })[];
}

export interface PodMetricsList {
  readonly items: readonly (Measured & {
    readonly containers: readonly { readonly name: string; readonly usage: UsageTexts }[];
  })[];
}

interface Measured {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly timestamp: string;
  readonly window: string;
}

const THE_NODE: PodKey = { namespace: '', name: NODE, uid: '' };

interface UsageTexts {
  readonly cpu: string;
  readonly memory: string;
}

/** Where the pods are whose figures can be checked. */
export interface Whereabouts {
  readonly namespace: string;
  readonly name: string;
  /** As its kubelet calls it. */
  readonly uid: string;
  readonly nodeName: string;
}

export interface Verdict {
  /** Nodes and containers whose CPU, memory, timestamp and window were compared. */
  readonly checked: number;
  /** One text for each node or pod that nothing explains, or that is not there and should be. */
  readonly wrong: readonly string[];
  /** Of checked CPU figures against the mean of the counter by true times; of rates of 1 millicore and more. */
  readonly relativeErrors: readonly number[];
}

/**
 * Compares what a server said of some nodes and their pods with what follows from these kubelets' own answers: to the
 * nanocore, the byte, the second of the timestamp and the nanosecond of the window. Items of other nodes are passed over.
 *
 * The references must have taken every answer that was sent until the lists were read.
 *
 * A pod may have the name of one that ran elsewhere before. Until its own kubelet has told it, the figures of that one may be served: of
 * /metrics/resource, which tells no uids, or while we have not heard of the change. So a young one is passed over until then.
 */
export function checkServed(
  lists: ServedLists,
  references: ReadonlyMap<string, NodeReference>,
  pods: readonly Whereabouts[],
  isYoung: (pod: Whereabouts) => boolean = () => false,
): Verdict {
  const wrong: string[] = [];
  const found = new Set<string>();
  const relativeErrors: number[] = [];
  let checked = 0;
  const judge = (
    what: string,
    served: Served,
    of: PodKey & { readonly reference: NodeReference },
  ): void => {
    checked += served.containers.size;
    found.add(what);
    const verdict = of.reference.explain(of, served, lists.askedAtMs);
    if (typeof verdict === 'string') wrong.push(`${what}: ${verdict}`);
    else relativeErrors.push(...verdict.relativeErrors);
  };
  for (const item of lists.nodes.items) {
    const { name } = item.metadata;
    const reference = references.get(name);
    if (!reference) continue;
    const served = { ...measured(item), containers: new Map([[NODE, figuresOf(item.usage)]]) };
    judge(`node ${name}`, served, { reference, ...THE_NODE });
  }
  const whereabouts = new Map(pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  for (const item of lists.pods.items) {
    const key = `${item.metadata.namespace ?? ''}/${item.metadata.name}`;
    const pod = whereabouts.get(key);
    const reference = pod && references.get(pod.nodeName);
    if (!reference || (isYoung(pod) && !reference.hasTold(pod))) continue;
    const containers = new Map(item.containers.map(({ name, usage }) => [name, figuresOf(usage)]));
    judge(
      `pod ${key} on ${pod.nodeName}`,
      { ...measured(item), containers },
      { ...pod, reference },
    );
  }
  const due = (what: string, pod: PodKey, nodeName: string): void => {
    if (found.has(what) || !references.get(nodeName)?.mustServe(pod, lists.askedAtMs)) return;
    wrong.push(`${what}: is not served, and its kubelet told two points of all of it`);
  };
  for (const pod of pods)
    due(`pod ${pod.namespace}/${pod.name} on ${pod.nodeName}`, pod, pod.nodeName);
  for (const name of references.keys()) due(`node ${name}`, THE_NODE, name);
  return { checked, wrong, relativeErrors };
}

function measured({ timestamp, window }: Measured): { timestampSeconds: bigint; windowNs: bigint } {
  const duration = readDuration(window);
  if (!duration) throw new Error(`Cannot read the window "${window}"`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(timestamp)) {
    throw new Error(`Cannot read the timestamp "${timestamp}": expected whole seconds in UTC`);
  }
  return {
    timestampSeconds: BigInt(Date.parse(timestamp)) / 1000n,
    windowNs: truncated(exactSum(duration)),
  };
}

function figuresOf({ cpu, memory }: UsageTexts): Figures {
  return { nanoCores: whole(cpu, 1_000_000_000n), workingSetBytes: whole(memory, 1n) };
}

/** The quantity in parts of one; throws when it is no whole number of them. */
function whole(text: string, parts: bigint): bigint {
  const value = readQuantity(text)?.value;
  if (!value || (value.numerator * parts) % value.denominator !== 0n) {
    throw new Error(`Cannot read the quantity "${text}"`);
  }
  return (value.numerator * parts) / value.denominator;
}
