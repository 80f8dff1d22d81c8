import assert from 'node:assert/strict';
import { listAt, textAt } from '../../../src/simulator/kube-object.ts';
import type { Stage } from './stage.ts';
import { SPACE } from './whole-cluster.ts';

const MIB = 1024 * 1024;
/** Far from Go's 14 to 17 MiB, and far above what it takes today: a leak is seen, a good day or a bad one is not. */
const MOST_MIB = 120;

/** What the kubelet reports of our containers, at the end of everything. */
export async function playMemory({ cluster, check, say }: Stage): Promise<void> {
  await check(`the working set of each of our containers is below ${MOST_MIB} MiB`, async () => {
    const ours = new Map((await cluster.pods()).map((pod) => [pod.name, pod]));
    const found = listAt(await cluster.summary(), 'pods')
      .filter((pod) => textAt(pod, 'podRef', 'namespace') === SPACE)
      .flatMap((pod) => {
        const one = ours.get(textAt(pod, 'podRef', 'name'));
        const [container] = listAt(pod, 'containers');
        const bytes = Number(textAt(container, 'memory', 'workingSetBytes'));
        return one === undefined ? [] : [{ ...one, mib: bytes / MIB }];
      });
    assert.equal(found.length, ours.size);
    for (const { name, mib, startedMs } of found) {
      const seconds = Math.round((Date.now() - startedMs) / 1000);
      say(`${name}: ${mib.toFixed(1)} MiB after ${seconds} s (Go, one node: 14 to 17 MiB)`);
      assert.ok(mib > 0 && mib < MOST_MIB);
    }
  });
}
