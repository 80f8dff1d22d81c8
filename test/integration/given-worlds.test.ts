import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { type Cluster, createCluster } from '../../src/simulator/cluster.ts';
import { addReplay, readCaptures } from '../../src/simulator/replay.ts';
import { loadWorldFolder } from '../../src/simulator/world-folder.ts';
import { createWorld } from '../../src/simulator/world.ts';
import { Kubectl } from '../support/kubectl.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/wait-for.ts';

const FIXTURES = new URL('../fixtures/', import.meta.url);
const CAPTURES = fileURLToPath(new URL('real-kubelet-1.36/', FIXTURES));

/** Asks the real kubectl, through the aggregator, until it says so. */
async function askUntil(
  kubectl: Kubectl,
  words: readonly string[],
  isRight: (lines: readonly string[]) => boolean,
): Promise<readonly string[]> {
  return until(
    async () => (await kubectl.run(...words)).out.trimEnd().split('\n'),
    isRight,
    12_000,
  );
}

function serve(cluster: Cluster): Promise<RunningServer> {
  return RunningServer.start(cluster, {
    change: (config) => ({
      ...config,
      resolutionMs: 300,
      storage: { ...config.storage, resolutionMs: 15_000 },
    }),
  });
}

describe('a node that answers with captures of a real kubelet', () => {
  test.each(['summary-cpumem', 'resource'])(
    'shows its pods to kubectl top, from %s',
    async (source) => {
      const world = createWorld({ nodes: 1, pods: 4, withoutFigures: false, clock: systemClock });
      const files = readdirSync(CAPTURES).filter((file) => file.startsWith(`${source}-`));
      const { name } = addReplay(
        world,
        await readCaptures(files.sort().map((file) => `${CAPTURES}/${file}`)),
      );
      await using cluster = await createCluster({ world });
      await using server = await serve(cluster);
      cluster.registerMetricsServer('127.0.0.1', server.port);
      await using kubectl = await Kubectl.create(cluster.kubeconfig('admin'));

      const words = ['top', 'pods', '-n', 'lab', '--no-headers'];
      const lines = await askUntil(kubectl, words, (rows) => rows.length === 10);
      const nodes = await kubectl.lines('top', 'nodes', '--no-headers');

      // kubectl rounds up to whole millicores.
      const milliCores = new Map(
        lines.map((line) => {
          const [pod = '', cpu = ''] = line.split(/ +/);
          return [pod, Number(cpu.replace(/m$/, ''))];
        }),
      );
      const expected = {
        'burn-200m': 200,
        'burn-100m': 100,
        'static-node-a': 50,
        two: 50,
        idle: 0,
      };
      for (const [pod, load] of Object.entries(expected)) {
        expect(Math.abs((milliCores.get(pod) ?? Number.NaN) - load)).toBeLessThanOrEqual(
          0.02 * load + 1,
        );
      }
      expect(lines.join('\n')).toMatch(/^mem-64mi +[01]m +6[45]Mi *$/m);
      expect(nodes.map((line) => line.split(' ')[0]).sort()).toEqual([name, 'node-1'].sort());
    },
  );
});

describe('a given world', () => {
  test('shows what its folder says to kubectl top', async () => {
    const folder = fileURLToPath(new URL('simulator/world', FIXTURES));
    const world = await loadWorldFolder(folder, { clock: systemClock });
    await using cluster = await createCluster({ world });
    await using server = await serve(cluster);
    cluster.registerMetricsServer('127.0.0.1', server.port);
    await using kubectl = await Kubectl.create(cluster.kubeconfig('admin'));

    const pods = await askUntil(kubectl, ['top', 'pods', '-A', '--no-headers'], (rows) =>
      rows.some((row) => row !== ''),
    );
    const nodes = await kubectl.run('top', 'nodes');

    // One CPU second a second; neither what only the kubelet knows nor what only the API does.
    expect(pods).toEqual([expect.stringMatching(/^team-a +web +1000m +1Mi *$/)]);
    expect(nodes).toMatchObject({ code: 1, err: 'error: metrics not available yet\n' });
    const failures = server.log.lines.filter(({ message }) =>
      message.startsWith('Failed to scrape'),
    );
    expect(failures.map(({ fields }) => fields['node'])).toEqual(['delta']);
  });
});
