import type { Scene } from './scene.ts';

/** What a part cannot do without. */
export type Need =
  /** Controllers and a scheduler. */
  | 'controllers'
  /** A control plane of our own, whose programs, keys and etcd are at hand. */
  | 'own plane'
  /** The Go clients, built with the control plane. */
  | 'Go clients'
  /** A kubectl of the control plane's release, beside the one on PATH. */
  | 'kubectl of the plane'
  /** Python 3 with venv and pip. */
  | 'Python';

/** Carries out one test and writes down how it ended; it never rejects, so that the next one has its turn. */
export type Check = (name: string, test: () => Promise<void>) => Promise<void>;

export interface Part {
  readonly name: string;
  readonly needs: readonly Need[];
  /** Leaves the scene as it was. What it throws itself counts as a failed test. */
  run(scene: Scene, check: Check): Promise<void>;
}
