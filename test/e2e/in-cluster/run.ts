import type { Tally } from '../tally.ts';
import { checkImage } from '../oci/image-checks.ts';
import { playInstalled } from './installed.ts';
import { playEndings } from './endings.ts';
import { playMemory } from './memory.ts';
import { playRollout } from './rollouts.ts';
import type { Stage } from './stage.ts';
import { playTwoReplicas } from './two-replicas.ts';
import { WholeCluster } from './whole-cluster.ts';

interface Run {
  readonly folder: string;
  /** What is started ends with it. */
  readonly house: AsyncDisposableStack;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly tally: Tally;
}

/** Tries our image in a cluster that is real from end to end. */
export async function runInCluster({ folder, house, signal, say, tally }: Run): Promise<void> {
  const cluster = await tally.during('setting up', async () =>
    house.use(await WholeCluster.start({ folder, env: process.env, signal, say })),
  );
  const tell = (line: string): void => {
    say(`        ${line}`);
  };
  const stage: Stage = { cluster, check: tally.check, say: tell, signal };
  await tally.during('image', () => checkImage(cluster.image, tally.check));
  await tally.during('manifests/base', () => playInstalled(stage));
  await tally.during('one replica', async () => {
    await playRollout(stage);
    await playEndings(stage);
  });
  await tally.during('two replicas', () => playTwoReplicas(stage));
  await tally.during('memory', () => playMemory(stage));
}
