import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../eventually.ts';
import { LOADS, burner, sleeper } from './loads.ts';
import type { Play } from './play.ts';

/** Upstream needs 30 to 45 s. */
const FIGURES_WITHIN_MS = 30_000;
const STARTED_WITHIN_MS = 30_000;
/** Time that may not count. */
const STOOD_STILL_MS = 10_000;
/** One begins in every part of a resolution of 15 s. */
const EVERY_MS = 3_750;
const PAIRS = 4;

const NAMES = ['new-burn', 'new-idle'] as const;

export function isNewcomer(key: string): boolean {
  return NAMES.some((name) => key.startsWith(`${LOADS}/${name}-`));
}

/** Pods that are made while the servers run: one that works and one that does nothing, four times. */
export async function newcomers({ scene, judged, standstills, check, say }: Play): Promise<void> {
  const names: string[] = [];
  for (let pair = 1; pair <= PAIRS; pair += 1) {
    const [burning, idle] = [`${NAMES[0]}-${pair}`, `${NAMES[1]}-${pair}`];
    await scene.cluster.kubectl.apply(burner(burning, '100m'), sleeper(idle));
    names.push(burning, idle);
    await sleep(EVERY_MS);
  }
  const starts = new Map<string, number>();
  for (const name of names) {
    await eventually(STARTED_WITHIN_MS, async () => {
      const [sinceMs] = await scene.starts(LOADS, name);
      assert.ok(sinceMs, `${name} does not run`);
      starts.set(name, sinceMs - performance.timeOrigin);
    });
  }
  for (const { source, readings } of judged) {
    await check(`${source}: a new pod has figures within 30 s of its start`, async () => {
      const age = (name: string): number =>
        standstills.awakeMs(
          starts.get(name) ?? Number.NaN,
          readings.firstMs(`${LOADS}/${name}`) ?? Number.POSITIVE_INFINITY,
        );
      const lastMs = Math.max(...starts.values());
      const leftMs = lastMs + FIGURES_WITHIN_MS + STOOD_STILL_MS - performance.now();
      await eventually(Math.max(0, leftMs), () => {
        assert.deepEqual(
          names.filter((name) => age(name) === Number.POSITIVE_INFINITY),
          [],
        );
        return Promise.resolve();
      });
      const ages = names.map((name) => `${name} ${(age(name) / 1000).toFixed(1)} s`);
      say(`        ${ages.join(', ')}`);
      assert.deepEqual(
        names.filter((name) => age(name) > FIGURES_WITHIN_MS),
        [],
        ages.join(', '),
      );
    });
  }
  await scene.cluster.kubectl.run('delete', 'pod', '-n', LOADS, '--wait=false', ...names);
}
