import { listAt, textAt, valueAt } from '../../../src/simulator/kube-object.ts';

/** A pod of ours as kube-apiserver has it. */
export interface OurPod {
  readonly name: string;
  readonly uid: string;
  /** As the kubelet writes it, without its scheme; '' before the container was made. */
  readonly containerId: string;
  /** As the Deployment asks for it. */
  readonly image: string;
  /** What the kubelet found of it: a digest. */
  readonly imageId: string;
  readonly isReady: boolean;
  readonly isEnding: boolean;
  readonly restarts: number;
  /** Of the container that runs, ms since the epoch, of whole seconds; NaN when none runs. */
  readonly startedMs: number;
  /** How the container that does not run any more ended. */
  readonly exitCode: number | undefined;
}

/** The pods of a list, by name. */
export function podsOf(list: unknown): OurPod[] {
  return listAt(list, 'items')
    .map(podOf)
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

function podOf(pod: unknown): OurPod {
  const [spec] = listAt(pod, 'spec', 'containers');
  const [status] = listAt(pod, 'status', 'containerStatuses');
  const exitCode = valueAt(status, 'state', 'terminated', 'exitCode');
  return {
    name: textAt(pod, 'metadata', 'name'),
    uid: textAt(pod, 'metadata', 'uid'),
    containerId: textAt(status, 'containerID').replace(/^.*:\/\//, ''),
    image: textAt(spec, 'image'),
    imageId: textAt(status, 'imageID'),
    isReady: valueAt(status, 'ready') === true,
    isEnding: textAt(pod, 'metadata', 'deletionTimestamp') !== '',
    restarts: Number(textAt(status, 'restartCount')),
    startedMs: Date.parse(textAt(status, 'state', 'running', 'startedAt')),
    exitCode: typeof exitCode === 'number' ? exitCode : undefined,
  };
}
