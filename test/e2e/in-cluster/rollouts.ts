import assert from 'node:assert/strict';
import type { Stage } from './stage.ts';
import { undisturbed } from './undisturbed.ts';
import { VERSIONS, type WholeCluster } from './whole-cluster.ts';

export const NO_ERROR = 'a client that asks ten times a second sees no error and no empty list';

/** One replica, as manifests/base has it. */
export async function playRollout(stage: Stage): Promise<void> {
  const { cluster, check } = stage;
  const [, next] = VERSIONS;
  await check(`one replica, a rollout to a second version: ${NO_ERROR}`, () =>
    undisturbed(stage, () => rollOut(cluster, [], next)),
  );
}

/** Resolves when all pods are of this version, and those of the one before are gone. */
export async function rollOut(
  cluster: WholeCluster,
  components: readonly string[],
  version: string,
): Promise<void> {
  await cluster.install(components, version);
  await cluster.whenRolledOut();
  const wanted = `metrics-server:${version}`;
  for (const { image, name } of await cluster.pods()) assert.equal(image, wanted, name);
}
