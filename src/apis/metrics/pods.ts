import { compareNames } from '../../apimachinery/byte-order.ts';
import type { LabelSelector } from '../../apimachinery/label-selector.ts';
import { notFound } from '../../apimachinery/status-error.ts';
import type { FieldSelector } from '../../apimachinery/field-selector.ts';
import type { ItemKey, ListRequest, Resource } from '../../apiserver/api-group.ts';
import type { Clock } from '../../clock.ts';
import type { PodUsage, Term } from '../../model/usage.ts';
import type { ResourceMetricsInstruments } from './instruments.ts';
import { UsageWriter } from './objects.ts';
import type { PodMetrics, PodRecord } from './objects.ts';
import { PodRun, type PodSequence, RunCache } from './pod-runs.ts';
import { POD_METRICS } from './schema.ts';
import { USAGE_COLUMNS, podCells } from './table.ts';

/** Running pods. */
export interface PodLister {
  /**
   * Those whose labels match, by namespace, then name, after `after`; undefined means all namespaces. An
   * undefined pod stands where nothing was found for a while.
   */
  list(
    namespace: string | undefined,
    selector: LabelSelector,
    after?: ItemKey,
  ): Iterable<PodRecord | undefined>;
  get(namespace: string, name: string): PodRecord | undefined;
  /**
   * The pods of a list without `after` in pieces, each the same object while there are any in it. Undefined where they
   * have to be found one by one. Without it nothing is known to stay.
   */
  sequences?(
    namespace: string | undefined,
    selector: LabelSelector,
  ): Generator<undefined, Iterable<PodSequence> | undefined>;
  /**
   * Another number whenever a pod of the namespace, of any with undefined, comes, goes or is labelled anew. Without it
   * nothing is known to stay.
   */
  revision?(namespace: string | undefined): number;
}

export interface PodUsageReader {
  /** Undefined: nothing that could be served (yet, or any longer), or figures of another pod of this name. */
  podUsage(pod: PodRecord): PodUsage | undefined;
  /** Whether podUsage would give anything; makes nothing. */
  hasPodUsage(pod: PodRecord): boolean;
  /** What podUsage would give, and how long that holds. Undefined, or not there to be asked: nobody knows. */
  podTerm?(pod: PodRecord): Term | undefined;
  /** Another number whenever the version of any term's source is another one. Not there to be asked: nobody knows. */
  readonly changes?: number;
}

interface PodsParts {
  readonly pods: PodLister;
  readonly usage: PodUsageReader;
  readonly instruments: ResourceMetricsInstruments;
  readonly clock: Clock;
}

/**
 * Serves `pods` of metrics.k8s.io: what `kubectl top pods` and the HorizontalPodAutoscaler read.
 * A pod without usage is left out of lists and not found by name; it is never served as zero.
 */
export function podMetricsResource(parts: PodsParts): Resource<PodMetrics> {
  const { pods, usage, instruments, clock } = parts;
  const writer = new UsageWriter();
  const runs = new RunCache();

  return {
    name: 'pods',
    singularName: '',
    kind: 'PodMetrics',
    listKind: 'PodMetricsList',
    namespaced: true,
    verbs: ['get', 'list'],
    schema: POD_METRICS,
    list: (request) => listed(request, parts),
    runs: (request) => (isWhole(request) ? inRuns(request, parts, runs) : undefined),
    paging: {
      keyOf: ({ pod: { namespace, name } }) => ({ namespace, name }),
      walk: (request) => walked(request, parts),
    },
    get({ namespace = '', name }) {
      const pod = pods.get(namespace, name);
      if (!pod) throw notFound('', 'pods', name);
      const figures = usage.podUsage(pod);
      if (!figures) throw notFound('metrics.k8s.io', 'podmetrics', `${namespace}/${name}`);
      instruments.observeFreshness((clock.nowMs() - figures.timestampMs) / 1000);
      return { pod, usage: figures };
    },
    encoding: {
      metadata: ({ pod: { name, namespace, labels } }) => ({ name, namespace, labels }),
      json: ({ usage: figures }) => writer.podJson(figures),
      protobuf: ({ usage: figures }) => writer.podProtobuf(figures),
      columns: () => USAGE_COLUMNS,
      cells: ({ usage: figures }) => podCells(figures),
    },
  };
}

function* listed(request: ListRequest, parts: PodsParts): Generator<PodMetrics | undefined> {
  const { pods, usage, instruments, clock } = parts;
  const nowMs = clock.nowMs();
  for (const pod of candidates(request, pods)) {
    const figures = pod && usage.podUsage(pod);
    if (figures) instruments.observeFreshness((nowMs - figures.timestampMs) / 1000);
    yield figures && { pod, usage: figures };
  }
}

/** Whether nothing is left out of what a lister gives. */
function isWhole({ fieldSelector, after }: ListRequest): boolean {
  return fieldSelector.isEverything && after === undefined;
}

function* inRuns(
  { namespace, labelSelector }: ListRequest,
  parts: PodsParts,
  cache: RunCache,
): Generator<PodRun | undefined> {
  const { pods } = parts;
  const make = (some: readonly PodRecord[]): PodRun => new PodRun(some, parts);
  const question = questionOf(namespace, labelSelector);
  const picked = {
    question,
    version: question === '' ? undefined : pods.revision?.(namespace),
    pods: () => pods.list(namespace, labelSelector),
  };
  const known = cache.known(picked);
  if (known) {
    yield* known;
    return;
  }
  const sequences = pods.sequences && (yield* pods.sequences(namespace, labelSelector));
  if (sequences) for (const sequence of sequences) yield* cache.runs(sequence, make);
  else yield* cache.pick(picked, make);
}

/** The longest question whose answer is kept, in characters, and the most requirements that it has. */
const LONGEST_QUESTION = 1_024;
const MOST_REQUIREMENTS = 16;

/** Equal for equal lists; '' for one that is not worth to be known again. */
function questionOf(namespace: string | undefined, { requirements }: LabelSelector): string {
  if (requirements.length > MOST_REQUIREMENTS) return '';
  const question = JSON.stringify([namespace, requirements]);
  return question.length > LONGEST_QUESTION ? '' : question;
}

function* walked(request: ListRequest, { pods, usage }: PodsParts): Generator<boolean> {
  for (const pod of candidates(request, pods)) yield pod !== undefined && usage.hasPodUsage(pod);
}

/** The pods that are asked for, after the one where the list goes on; undefined for one that is passed over. */
function* candidates(request: ListRequest, pods: PodLister): Generator<PodRecord | undefined> {
  const { fieldSelector } = request;
  for (const pod of labelled(request, pods)) {
    const isWanted = fieldSelector.isEverything || (pod && hasFields(pod, fieldSelector));
    yield isWanted ? pod : undefined;
  }
}

/** A field selector that pins the namespace or the name too spares the walk over all pods. */
function labelled(request: ListRequest, pods: PodLister): Iterable<PodRecord | undefined> {
  const { labelSelector, fieldSelector, after } = request;
  const selected = fieldSelector.requiresExactMatch('metadata.namespace');
  const namespace = request.namespace ?? selected;
  const name = fieldSelector.requiresExactMatch('metadata.name');
  if (selected !== undefined && selected !== namespace) return [];
  if (namespace === undefined || name === undefined) {
    return pods.list(namespace, labelSelector, after);
  }
  const pod = pods.get(namespace, name);
  const isNext = pod && (after === undefined || isAfter(pod, after));
  return isNext && labelSelector.matches(pod.labels) ? [pod] : [];
}

function isAfter(pod: PodRecord, { namespace, name }: ItemKey): boolean {
  return (compareNames(pod.namespace, namespace) || compareNames(pod.name, name)) > 0;
}

function hasFields({ namespace, name }: PodRecord, selector: FieldSelector): boolean {
  return selector.matches((field) => (field === 'metadata.name' ? name : namespace));
}
