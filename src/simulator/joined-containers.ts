import { type KubeObject, listAt, textAt } from './kube-object.ts';
import { type ContainerLoad, LOAD_ANNOTATION, parseLoad } from './load-words.ts';
import { allStartWithinMs } from './world.ts';

/** `init` has to end before the next one starts; a `sidecar` is an init container that stays beside the `main` ones. */
export type ContainerRole = 'init' | 'sidecar' | 'main';

/** A container of a pod of a real API server, and what its annotation says of it. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly role: ContainerRole;
  readonly load: ContainerLoad;
  /** From each start, ms; Infinity: until the pod is deleted. */
  readonly runMs: number;
  /** Whether it is started again after its end. */
  readonly restarts: boolean;
  /** Those that it waits for need so long, ms. */
  readonly startsAfterMs: number;
}

/** Of an init container without words: it has ended before anybody looks. */
const AT_ONCE_MS = 1;

/**
 * The containers of a pod's spec, in the order in which they start.
 * @throws SyntaxError for an annotation that cannot be read, or that lets an init container fail.
 */
export function containersOf(object: KubeObject): PodContainer[] {
  const loadOf = (container: unknown): ContainerLoad =>
    parseLoad(
      object.metadata.annotations?.[`${LOAD_ANNOTATION}${textAt(container, 'name')}`] ?? '',
    );
  const common = (container: unknown) => ({
    name: textAt(container, 'name'),
    image: textAt(container, 'image'),
  });
  const initContainers = listAt(object, 'spec', 'initContainers');
  const containers = listAt(object, 'spec', 'containers');
  const startMs = allStartWithinMs(initContainers.length + containers.length);
  let startsAfterMs = 0;
  const before = initContainers.map((container): PodContainer => {
    const load = loadOf(container);
    if (textAt(container, 'restartPolicy') === 'Always') {
      const runMs = load.endsAfterMs;
      return { ...common(container), role: 'sidecar', load, runMs, restarts: true, startsAfterMs };
    }
    const init = initContainer(common(container), load, startsAfterMs);
    if (init.runMs > AT_ONCE_MS) startsAfterMs += init.runMs + startMs;
    return init;
  });
  const policy = textAt(object, 'spec', 'restartPolicy');
  const main = containers.map((container): PodContainer => {
    const load = loadOf(container);
    const restarts = policy === 'Always' || (policy === 'OnFailure' && load.exitCode !== 0);
    const runMs = load.endsAfterMs;
    return { ...common(container), role: 'main', load, runMs, restarts, startsAfterMs };
  });
  const overMs = endOf(main) + startMs;
  const isOverOnce = overMs < Number.POSITIVE_INFINITY;
  return [
    // Sidecars are ended when nobody is left whom they serve.
    ...before.map((each) =>
      each.role === 'sidecar' && isOverOnce
        ? { ...each, runMs: overMs - each.startsAfterMs, restarts: false }
        : each,
    ),
    ...main,
  ];
}

function initContainer(
  common: { readonly name: string; readonly image: string },
  load: ContainerLoad,
  startsAfterMs: number,
): PodContainer {
  if (load.exitCode !== 0) {
    throw new SyntaxError(`Cannot run init container "${common.name}": only exit=0 is known there`);
  }
  const hasWords = load.endsAfterMs < Number.POSITIVE_INFINITY;
  return {
    ...common,
    role: 'init',
    load: { ...load, hasFigures: load.hasFigures && hasWords },
    runMs: hasWords ? load.endsAfterMs : AT_ONCE_MS,
    restarts: false,
    startsAfterMs,
  };
}

/** How long after its start the last one has ended for good, ms; Infinity: never. */
function endOf(main: readonly PodContainer[]): number {
  const ends = main.map(({ restarts, startsAfterMs, runMs }) =>
    restarts ? Number.POSITIVE_INFINITY : startsAfterMs + runMs,
  );
  return Math.max(...ends);
}
