import type { LabelSelector } from '../apimachinery/label-selector.ts';
import { LabelSetInterner } from '../apimachinery/label-set.ts';
import { Informer } from './informer.ts';
import type { InformerOptions } from './informer.ts';
import { memberOf, textEntriesOf, textOf } from './json-value.ts';
import { PodIndex } from './pod-index.ts';
import type { PodKey } from './pod-index.ts';
import type { PodRecord } from './pod-record.ts';
import type { Mirror } from './relist.ts';

const CONFIG_MIRROR = 'kubernetes.io/config.mirror';

/**
 * Metadata only, in protobuf (as upstream: client-go/metadata): most of it are managed fields, which are passed over there
 * and would have to be parsed in JSON. A server that does not know the transformation sends whole pods, whose metadata
 * is in the same place.
 */
const RESOURCE = {
  name: 'pods',
  path: '/api/v1/pods',
  fieldSelector: 'status.phase=Running',
  listAccept: accepting('as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'),
  watchAccept: accepting('as=PartialObjectMetadata;v=v1;g=meta.k8s.io'),
  remedy: 'Grant get, list and watch of pods to our account (ClusterRole system:metrics-server)',
};

function accepting(transformation: string): string {
  const types = ['application/vnd.kubernetes.protobuf', 'application/json'];
  return [...types.map((type) => `${type};${transformation}`), 'application/json'].join(',');
}

/** Gives one string for equal texts: kubelets tell the names and uids of the same pods. */
export interface TextPool {
  share(text: string): string;
}

export interface PodInformerOptions extends Omit<InformerOptions, 'resource'> {
  readonly names: TextPool;
}

/** Follows the running pods of the cluster, by their metadata. */
export class PodInformer extends Informer {
  private readonly pods: PodMirror;

  constructor(options: PodInformerOptions) {
    const pods = new PodMirror(options.names);
    super(pods, { ...options, resource: RESOURCE });
    this.pods = pods;
  }

  /**
   * By namespace, then name; those after `after`. Changes during the iteration neither repeat a pod nor break it.
   * Undefined where nothing was found for a while: there the reader may pause.
   */
  list(
    namespace: string | undefined,
    selector: LabelSelector,
    after?: PodKey,
  ): Iterable<PodRecord | undefined> {
    return this.pods.index.list(namespace, selector, after);
  }

  /** The same in pieces that are kept; see PodIndex. */
  sequences(
    namespace: string | undefined,
    selector: LabelSelector,
  ): ReturnType<PodIndex['sequences']> {
    return this.pods.index.sequences(namespace, selector);
  }

  get(namespace: string, name: string): PodRecord | undefined {
    return this.pods.index.get(namespace, name);
  }

  /** Another number whenever the answers of `list` may be other ones. */
  revision(namespace: string | undefined): number {
    return this.pods.index.revision(namespace);
  }

  get size(): number {
    return this.pods.index.size;
  }
}

/** Keeps pods by the names and labels that clients ask for. */
export class PodMirror implements Mirror {
  readonly index = new PodIndex();
  private readonly labels = new LabelSetInterner();
  private readonly names: TextPool;

  constructor(names: TextPool) {
    this.names = names;
  }

  /** How many different sets of labels are held. */
  get labelSets(): number {
    return this.labels.size;
  }

  upsert(object: unknown): PodRecord | undefined {
    const metadata = memberOf(object, 'metadata');
    const { namespace, name } = keyOf(metadata);
    if (namespace === '' || name === '') return undefined;
    const known = this.index.get(namespace, name);
    const uid = textOf(memberOf(metadata, 'uid'));
    const mirrorUid = textOf(memberOf(memberOf(metadata, 'annotations'), CONFIG_MIRROR));
    const labels = this.labels.intern(textEntriesOf(memberOf(metadata, 'labels')));
    if (known) {
      this.labels.release(known.labels);
      if (isSame(known, { uid, mirrorUid, labels })) return known;
    }
    const pod: PodRecord = {
      namespace: this.index.namespaceText(namespace),
      name: this.names.share(name),
      uid: this.names.share(uid),
      mirrorUid: this.names.share(mirrorUid),
      labels,
      place: undefined,
    };
    this.index.set(pod);
    return pod;
  }

  remove(object: unknown): void {
    const { namespace, name } = keyOf(memberOf(object, 'metadata'));
    const known = this.index.get(namespace, name);
    if (known) this.drop(known);
  }

  retain(seen: ReadonlySet<object>): void {
    for (const pod of this.index.all()) if (!seen.has(pod)) this.drop(pod);
  }

  private drop(pod: PodRecord): void {
    this.index.delete(pod.namespace, pod.name);
    this.labels.release(pod.labels);
  }
}

function keyOf(metadata: unknown): { readonly namespace: string; readonly name: string } {
  return {
    namespace: textOf(memberOf(metadata, 'namespace')),
    name: textOf(memberOf(metadata, 'name')),
  };
}

function isSame(left: PodRecord, right: Pick<PodRecord, 'uid' | 'mirrorUid' | 'labels'>): boolean {
  return (
    left.uid === right.uid && left.mirrorUid === right.mirrorUid && left.labels === right.labels
  );
}
