import assert from 'node:assert/strict';
import type { Check } from '../part.ts';
import { NODE_NAME, RealCluster } from '../real-node/cluster.ts';

interface Run {
  readonly folder: string;
  /** What is started ends with it. */
  readonly house: AsyncDisposableStack;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly check: Check;
}

/** Tries the metrics server against a real kubelet. */
export async function runKubelet({ folder, house, signal, say, check }: Run): Promise<void> {
  const cluster = house.use(await RealCluster.start({ folder, env: process.env, signal, say }));
  await check('the kubelet serves its summary through the API server', async () => {
    const path = `/api/v1/nodes/${NODE_NAME}/proxy/stats/summary`;
    const summary = JSON.parse(await cluster.kubectl.run('get', '--raw', path)) as object;
    assert.ok('node' in summary);
  });
}
