import type { Standstills } from '../awake.ts';
import type { MetricsServer } from '../metrics-server.ts';
import type { Check } from '../part.ts';
import type { Source } from './by-hand.ts';
import type { Readings } from './readings.ts';
import type { KubeletScene } from './scene.ts';
import type { Witness } from './witness.ts';

/** One of the two servers that run side by side, and everything that it says. */
export interface Judged {
  readonly source: Source;
  readonly server: MetricsServer;
  readonly readings: Readings;
}

/** What all parts of the play against a real kubelet share. */
export interface Play {
  readonly scene: KubeletScene;
  readonly witness: Witness;
  /** Of this program: nobody else is to be blamed for them. */
  readonly standstills: Standstills;
  /** Those that run. */
  readonly judged: Judged[];
  readonly check: Check;
  readonly say: (line: string) => void;
}
