import {
  type State,
  type Truth,
  blankState,
  borrowedUsageOf,
  stateAfter,
  trueNanoCores,
  type Usage,
  usageOf,
} from './container-states.ts';
import type { AnswerReadings, PodReadings } from './readings.ts';

/** An answer that a kubelet really sent. */
export interface SentAnswer {
  /** When its body began to be sent, ms of the clock that also times the lists. */
  readonly sentAtMs: number;
  /** True when nobody knows whether its reader took it: a broken connection, or an answer that came too late. */
  readonly mayBeLost: boolean;
  readonly readings: AnswerReadings;
  /** By `NAMESPACE/POD/CONTAINER`, and NODE. */
  readonly truths?: ReadonlyMap<string, Truth> | undefined;
}

/** How a kubelet calls a pod; the node itself is that of no namespace named NODE, without a uid. */
export interface PodKey {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface NodeReferenceOptions {
  readonly resolutionMs: number;
  /** How long what could be served is remembered, ms. */
  readonly memoryMs: number;
}

/** What is served of one container, or of the node itself, in whole nanocores and bytes. */
export interface Figures {
  readonly nanoCores: bigint;
  readonly workingSetBytes: bigint;
}

/** What is served of a pod, or of a node, which counts as a pod with one container named NODE. */
export interface Served {
  /** Whole seconds, since the epoch. */
  readonly timestampSeconds: bigint;
  readonly windowNs: bigint;
  readonly containers: ReadonlyMap<string, Figures>;
}

/** Why something may be served: which answer made it so, and how far it is from the truth. */
export interface Explanation {
  readonly sentAtMs: number;
  /** Of each container's CPU against the mean of its counter by true times; only of rates of 1 millicore and more. */
  readonly relativeErrors: readonly number[];
}

export const NODE = 'node';

/** Less than that is not compared with the truth, ms: the reader is still at it. */
const IN_FLIGHT_MS = 10_000;
/** Figures of an answer that is younger than this are never stale, whatever comes after it. */
const SURELY_FRESH_MS = 45_000;
const LEAST_COMPARED_NANO_CORES = 1_000_000;
/** What a container can be in after answers that may have been lost; more than that is given up. */
const MOST_STATES = 64;

/** What could be served of a pod after one answer: each container is in one of its states. */
interface Snapshot {
  readonly sentAtMs: number;
  readonly mayBeLost: boolean;
  readonly containers: ReadonlyMap<string, readonly State[]>;
}

interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  states: Map<string, readonly State[]>;
  /** Oldest first. */
  snapshots: Snapshot[];
}

/**
 * What may be served of one node and its pods, followed answer by answer. Where an answer may have been lost, both
 * ways are followed; otherwise there is one pair of points for every container, and so one figure.
 */
export class NodeReference {
  private readonly options: NodeReferenceOptions;
  private readonly pods = new Map<string, Pod>();

  constructor(options: NodeReferenceOptions) {
    this.options = options;
  }

  /** Answers are taken in the order in which they were sent. */
  take(answer: SentAnswer): void {
    const { readings } = answer;
    const said: PodReadings[] = [...readings.pods];
    if (readings.node) {
      const containers = new Map([[NODE, readings.node]]);
      said.push({ namespace: '', name: NODE, uid: '', containers });
    }
    const present = new Set(said.map(keyOf));
    // Only one of the sources tells uids; a pod is the same in both.
    const names = new Set(said.map(nameOf));
    const uidless = new Set(said.filter(({ uid }) => uid === '').map(nameOf));
    for (const pod of said) this.takePod(pod, answer);
    for (const [key, pod] of this.pods) {
      const isOther = pod.uid === '' ? names.has(nameOf(pod)) : uidless.has(nameOf(pod));
      if (!present.has(key)) this.takeAbsence(pod, answer, !isOther);
      pod.snapshots = pod.snapshots.filter(
        ({ sentAtMs }) => answer.sentAtMs - sentAtMs <= this.options.memoryMs,
      );
      if (pod.snapshots.length === 0) this.pods.delete(key);
    }
  }

  /** The node went; whatever comes under its name is another one. What was served a moment ago is remembered. */
  forget(atMs: number): void {
    for (const pod of this.pods.values()) {
      pod.states = new Map();
      pod.snapshots.push({ sentAtMs: atMs, mayBeLost: false, containers: pod.states });
    }
  }

  /**
   * True when nothing excuses a server that does not serve the pod to somebody who asked at `askedAtMs`: for a while
   * every answer had two points of all of its containers, two of them came long ago, and the kubelet was not silent for
   * so long since that points can have become stale.
   */
  mustServe(pod: PodKey, askedAtMs: number): boolean {
    const recent = this.snapshotsOf(pod).filter(
      ({ sentAtMs }) => askedAtMs - sentAtMs <= SURELY_FRESH_MS,
    );
    const arrived = recent.filter(
      ({ sentAtMs, mayBeLost }) => !mayBeLost && askedAtMs - sentAtMs > IN_FLIGHT_MS,
    );
    const silenceMs = askedAtMs - (arrived.at(-1)?.sentAtMs ?? 0);
    return (
      arrived.length > 1 &&
      silenceMs <= 2 * this.options.resolutionMs &&
      recent.every((snapshot) => snapshot.containers.size > 0 && isComplete(snapshot))
    );
  }

  /**
   * Why this may be served of the pod, to somebody who asked at `askedAtMs`; a text that says what is wrong when
   * nothing explains it.
   */
  explain(pod: PodKey, served: Served, askedAtMs: number): Explanation | string {
    const snapshots = this.snapshotsOf(pod);
    for (const snapshot of snapshots.toReversed()) {
      const relativeErrors = explainBy(snapshot, served);
      if (relativeErrors === undefined) continue;
      const newer = snapshots.find(
        (each) =>
          each.sentAtMs > snapshot.sentAtMs &&
          askedAtMs - each.sentAtMs > IN_FLIGHT_MS &&
          isComplete(each),
      );
      return newer
        ? `it is of the answer sent ${askedAtMs - snapshot.sentAtMs} ms before, and there was a complete one ${askedAtMs - newer.sentAtMs} ms before`
        : { sentAtMs: snapshot.sentAtMs, relativeErrors };
    }
    return complaintOf(snapshots, served);
  }

  /** Whether any answer that counts had the pod. */
  hasTold(pod: PodKey): boolean {
    return this.snapshotsOf(pod).length > 0;
  }

  /** Under its uid, and under none, as one of the sources has it. */
  private snapshotsOf(pod: PodKey): readonly Snapshot[] {
    const uids = new Set([pod.uid, '']);
    return [...uids]
      .flatMap((uid) => this.pods.get(keyOf({ ...pod, uid }))?.snapshots ?? [])
      .sort((one, other) => one.sentAtMs - other.sentAtMs);
  }

  private takePod(
    { namespace, name: podName, uid, containers: readings }: PodReadings,
    { sentAtMs, mayBeLost, readings: { source }, truths }: SentAnswer,
  ): void {
    const key = keyOf({ namespace, name: podName, uid });
    const pod = this.pods.get(key) ?? {
      ...{ namespace, name: podName, uid, snapshots: [] },
      states: new Map<string, readonly State[]>(),
    };
    this.pods.set(key, pod);
    const isNode = key === NODE_KEY;
    const after = new Map<string, readonly State[]>();
    for (const [name, reading] of readings) {
      const before = pod.states.get(name) ?? [blankState(source)];
      const truth = truths?.get(isNode ? NODE : `${namespace}/${podName}/${name}`);
      const { resolutionMs } = this.options;
      const arrival = { source, sentAtMs, resolutionMs, isNode, truth };
      const next = before.flatMap((state) => stateAfter(state, reading, arrival) ?? []);
      // Either way: one that has ended is gone for whoever took the answer, and stays for whoever did not.
      const all = distinct(mayBeLost ? [...next, ...before] : next);
      if (all.length > 0) after.set(name, all);
    }
    for (const [name, before] of pod.states) {
      if (mayBeLost && !readings.has(name))
        after.set(name, distinct([...before, blankState(source)]));
    }
    pod.states = after;
    pod.snapshots.push({ sentAtMs, mayBeLost, containers: after });
  }

  /** `isGone`: not only under this uid. */
  private takeAbsence(
    pod: Pod,
    { sentAtMs, mayBeLost, readings: { source } }: SentAnswer,
    isGone: boolean,
  ): void {
    const states = [...pod.states].map(
      ([name, before]) => [name, distinct([...before, blankState(source)])] as const,
    );
    pod.states = new Map(mayBeLost ? states : []);
    // What an answer does not contain does not exist, for whoever took it.
    if (isGone && states.length > 0)
      pod.snapshots.push({ sentAtMs, mayBeLost, containers: pod.states });
  }
}

function nameOf({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${namespace}/${name}`;
}

const NODE_KEY = keyOf({ namespace: '', name: NODE, uid: '' });

/** Whether there are two points of all of its containers, whatever became of answers that may be lost. */
function isComplete({ containers }: Snapshot): boolean {
  return [...containers.values()].every((states) =>
    states.every((state) => usageOf(state) !== undefined),
  );
}

function keyOf(pod: PodKey): string {
  return `${pod.namespace}/${pod.name}/${pod.uid}`;
}

/** So many answers may have been lost that nobody can say what follows from the others. */
export class LostTrackError extends Error {}

function distinct(states: readonly State[]): readonly State[] {
  const byText = new Map(states.map((state) => [textOf(state), state]));
  if (byText.size > MOST_STATES) {
    throw new LostTrackError(
      `Cannot follow a container: it may be in ${byText.size} different states`,
    );
  }
  return [...byText.values()];
}

function textOf({ source, last, previous, silent, wasOlder, fell }: State): string {
  const point = [
    last?.startNs,
    last?.timeNs,
    last?.cpuNanos,
    last?.workingSetBytes,
    last?.sentAtMs,
  ];
  const flags = [silent, wasOlder, fell];
  return [source, ...point, previous?.timeNs, previous?.cpuNanos, ...flags].join();
}

/** The errors against the truth; undefined when the snapshot does not explain what is served. */
function explainBy({ containers }: Snapshot, served: Served): readonly number[] | undefined {
  const names = [...containers.keys()];
  if (names.length !== served.containers.size) return undefined;
  if (!names.every((name) => served.containers.has(name))) return undefined;
  for (const usage of [usageOf, borrowedUsageOf]) {
    const fitting = names.map((name) =>
      (containers.get(name) ?? []).flatMap((state) => {
        const made = usage(state);
        return made && isSame(made, served.containers.get(name)) ? [{ state, made }] : [];
      }),
    );
    const earliest = earliestOf(
      fitting.map((all) => all.map(({ made }) => made)),
      served,
    );
    if (earliest === undefined) continue;
    return usage === borrowedUsageOf
      ? []
      : fitting.flatMap((all) => errorsOf(all.find(({ made }) => made.timeNs >= earliest)));
  }
  return undefined;
}

/**
 * When the point was taken whose timestamp and window stand for the pod: that of the container with the earliest one.
 * Undefined when no choice among the fitting usages has it so.
 */
function earliestOf(fitting: readonly (readonly Usage[])[], served: Served): bigint | undefined {
  const bearers = fitting
    .flat()
    .filter(
      ({ timeNs, windowNs }) =>
        timeNs / 1_000_000_000n === served.timestampSeconds && windowNs === served.windowNs,
    );
  return bearers.find((bearer) =>
    fitting.every((all) => all.some(({ timeNs }) => timeNs >= bearer.timeNs)),
  )?.timeNs;
}

function errorsOf(
  match: { readonly state: State; readonly made: Usage } | undefined,
): readonly number[] {
  const truth = match && trueNanoCores(match.state);
  if (truth === undefined || !(truth >= LEAST_COMPARED_NANO_CORES)) return [];
  return [Math.abs(Number(match?.made.nanoCores) / truth - 1)];
}

function isSame(made: Usage, figures: Figures | undefined): boolean {
  return made.nanoCores === figures?.nanoCores && made.workingSetBytes === figures.workingSetBytes;
}

/** What the last answer would have had served. */
function complaintOf(snapshots: readonly Snapshot[], served: Served): string {
  const last = snapshots.at(-1);
  if (!last) return 'no answer of its kubelet has it';
  const expected = [...last.containers].map(([name, states]) => {
    const usages = states.flatMap((state) => usageOf(state) ?? borrowedUsageOf(state) ?? []);
    return `${name}: ${usages.map(shown).join(' or ') || 'nothing'}`;
  });
  const figures = [...served.containers].map(
    ([name, { nanoCores, workingSetBytes }]) => `${name}: ${nanoCores}n ${workingSetBytes}`,
  );
  const head = `${served.timestampSeconds}s over ${served.windowNs}ns: ${figures.join(', ')}`;
  return `${head}; its last answer of ${snapshots.length} says ${expected.join(', ')}`;
}

function shown({ nanoCores, workingSetBytes, timeNs, windowNs }: Usage): string {
  return `${nanoCores}n ${workingSetBytes} at ${timeNs / 1_000_000_000n}s over ${windowNs}ns`;
}
