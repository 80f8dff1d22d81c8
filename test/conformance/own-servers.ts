import { systemClock } from '../../src/clock.ts';
import { makeSecrets } from './identities.ts';
import { type Replay, type ReplaySpec, replay } from './replay.ts';
import { OwnServer, startRecordedCluster } from './surroundings.ts';

/**
 * Replays on our own server, one process for each source of figures, all on one simulated cluster with the
 * recorded world. Returns what was found, by source.
 */
export async function replayOnOwnServers(
  sources: readonly string[],
  spec: ReplaySpec,
): Promise<ReadonlyMap<string, Replay>> {
  await using house = new AsyncDisposableStack();
  const cluster = house.use(await startRecordedCluster());
  const secrets = makeSecrets(cluster, systemClock.nowMs());
  // Side by side: most of the time is waiting for the second scrape.
  const replays = sources.map(async (source): Promise<readonly [string, Replay]> => {
    await using server = await OwnServer.start(cluster, source);
    const address = { host: '127.0.0.1', port: server.port };
    return [source, await replay({ address, secrets, check: () => server.check() }, spec)];
  });
  // All of them have to be over before the cluster ends, also when one failed.
  const settled = await Promise.allSettled(replays);
  return new Map(
    settled.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    }),
  );
}
