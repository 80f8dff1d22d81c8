import type { Check } from '../part.ts';
import type { WholeCluster } from './whole-cluster.ts';

/** What every part of these tests has at hand. */
export interface Stage {
  readonly cluster: WholeCluster;
  readonly check: Check;
  /** Tells a figure, on a line of its own. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}
