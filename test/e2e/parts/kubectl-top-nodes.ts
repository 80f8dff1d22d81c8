import assert from 'node:assert/strict';
import { nodeCpuNanosAt, nodeWorkingSetAt } from '../../../src/simulator/world.ts';
import type { ClusterKubectl } from '../ask-cluster.ts';
import { eventually } from '../eventually.ts';
import type { Check } from '../part.ts';
import type { Scene } from '../scene.ts';
import { flagsOf, refusesSwap, tableOf } from '../top-table.ts';

/** An idle container has to be looked at twice, which its kubelet does every 15 to 29 s. */
const SETTLED_WITHIN_MS = 60_000;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const OURS = ['top', 'nodes', '-l', 'simulator/node'];
const HEADINGS = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'];
const FLAGS = [
  '--no-headers',
  '--selector',
  '--show-capacity',
  '--show-swap',
  '--sort-by',
  '--use-protocol-buffers',
];

/** What a node has for pods. */
interface Available {
  readonly cores: number;
  readonly memoryBytes: number;
}

/** The simulated nodes have 8 cores and 32 GiB, and keep 100 MiB of them to themselves. */
const WHOLE: Available = { cores: 8, memoryBytes: 32 * GIB };
const USUAL: Available = { ...WHOLE, memoryBytes: 32 * GIB - 100 * MIB };
/** So little is left of the first node for this test, that a percentage tells what it is one of. */
const LITTLE: Available = { cores: 2, memoryBytes: 4 * GIB };

/**
 * The line of a node, worked out from the world: what its system and its pods use, and the part of what there is.
 * Millicores are rounded up, MiB and percentages down.
 */
function rowOf(
  { nodes: { world } }: Scene,
  name: string,
  { cores, memoryBytes }: Available,
): string[] {
  const node = world.node(name);
  if (!node) throw new Error(`There is no simulated node "${name}"`);
  const nowMs = Math.floor(world.clock.nowMs());
  // All loads are constant: nanoseconds of CPU in a second are nanocores.
  const nanoCores = Number(
    nodeCpuNanosAt(world, node, nowMs) - nodeCpuNanosAt(world, node, nowMs - 1_000),
  );
  const milliCores = Math.ceil(nanoCores / 1e6);
  const usedBytes = nodeWorkingSetAt(world, node, nowMs);
  const percent = (part: number): string => `${Math.floor(part * 100)}%`;
  return [
    name,
    `${milliCores}m`,
    percent(milliCores / (cores * 1_000)),
    `${Math.floor(usedBytes / MIB)}Mi`,
    percent(usedBytes / memoryBytes),
  ];
}

/** The lines of all simulated nodes by name; the first one has less than the others where that is told. */
function rowsOf(scene: Scene, first = USUAL, others = USUAL): string[][] {
  return scene.nodes.world
    .nodes()
    .map(({ name }, at) => rowOf(scene, name, at === 0 ? first : others));
}

/** Asks all about nodes: flags, names, sorting, percentages, swap and refusals. */
export async function topNodes(scene: Scene, kubectl: ClusterKubectl, check: Check): Promise<void> {
  const flags = await flagsOf(kubectl, 'nodes');
  const hasSwap = flags.includes('--show-swap');
  await check('kubectl top nodes has no flags but those that are tried here', () => {
    assert.deepEqual(flags, hasSwap ? FLAGS : FLAGS.filter((flag) => flag !== '--show-swap'));
    return Promise.resolve();
  });
  await check('kubectl top nodes: every figure is what pods and system use', () =>
    // A node's figures of a time in which pods were started are those of a part of it.
    eventually(SETTLED_WITHIN_MS, async () => {
      assert.deepEqual(await tableOf(kubectl, OURS), [HEADINGS, ...rowsOf(scene)]);
    }),
  );
  await topNodesInOtherWords(scene, kubectl, check);
  await topNodesOfLittle(scene, kubectl, check);
  if (hasSwap) await topNodesWithSwap(scene, kubectl, check);
  else await refusesSwap(kubectl, 'nodes', check);
  await topNodesRefused(kubectl, check);
}

async function topNodesInOtherWords(
  scene: Scene,
  kubectl: ClusterKubectl,
  check: Check,
): Promise<void> {
  for (const flag of ['--no-headers', '--use-protocol-buffers=false --no-headers']) {
    await check(`kubectl top nodes ${flag} has the same figures`, async () => {
      assert.deepEqual(await tableOf(kubectl, [...OURS, ...flag.split(' ')]), rowsOf(scene));
    });
  }
  await check('kubectl top node NAME shows this one', async () => {
    const [, second] = rowsOf(scene);
    assert.ok(second);
    const [name = ''] = second;
    assert.deepEqual(await tableOf(kubectl, ['top', 'node', name]), [HEADINGS, second]);
  });
  for (const [flag, column] of [
    ['--sort-by=cpu', 1],
    ['--sort-by=memory', 3],
  ] as const) {
    await check(`kubectl top nodes ${flag} begins with the most`, async () => {
      const rows = await tableOf(kubectl, [...OURS, flag, '--no-headers']);
      const amounts = rows.map((row) => Number.parseInt(row[column] ?? '', 10));
      assert.deepEqual(
        amounts,
        amounts.toSorted((one, other) => other - one),
      );
      assert.deepEqual(rows.toSorted(byName), rowsOf(scene));
    });
  }
}

function byName([one = '']: readonly string[], [other = '']: readonly string[]): number {
  return one < other ? -1 : 1;
}

async function topNodesOfLittle(
  scene: Scene,
  kubectl: ClusterKubectl,
  check: Check,
): Promise<void> {
  const { cores, memoryBytes } = LITTLE;
  const little = { cpu: String(cores), memory: String(memoryBytes) };
  await withStatus(scene, { allocatable: little }, async () => {
    await check('kubectl top nodes counts in parts of what pods may have', async () => {
      assert.deepEqual(await tableOf(kubectl, OURS), [HEADINGS, ...rowsOf(scene, LITTLE)]);
    });
    await check('kubectl top nodes --show-capacity counts in parts of the whole', async () => {
      const rows = await tableOf(kubectl, [...OURS, '--show-capacity']);
      assert.deepEqual(rows, [HEADINGS, ...rowsOf(scene, WHOLE, WHOLE)]);
    });
  });
}

/**
 * The metrics server says nothing of swap, as upstream's. What kubectl shows then is up to the Node object: 0 of a
 * node that says how much swap it has, and unknown of all others.
 */
async function topNodesWithSwap(
  scene: Scene,
  kubectl: ClusterKubectl,
  check: Check,
): Promise<void> {
  const headings = [...HEADINGS, 'SWAP(bytes)', 'SWAP(%)'];
  const unknown = ['<unknown>', '<unknown>'];
  await check('kubectl top nodes --show-swap knows nothing of nodes without swap', async () => {
    const rows = rowsOf(scene).map((row) => [...row, ...unknown]);
    assert.deepEqual(await tableOf(kubectl, [...OURS, '--show-swap']), [headings, ...rows]);
  });
  await withStatus(scene, { nodeInfo: { swap: { capacity: 2 * GIB } } }, async () => {
    await check('kubectl top nodes --show-swap shows 0 where there is swap', async () => {
      const rows = rowsOf(scene).map((row, at) => [
        ...row,
        ...(at === 0 ? ['0Mi', '0%'] : unknown),
      ]);
      assert.deepEqual(await tableOf(kubectl, [...OURS, '--show-swap']), [headings, ...rows]);
    });
  });
}

/** Changes the status of the first node while something is tried. Its heartbeat leaves these parts alone. */
async function withStatus(
  { nodes: { api, world } }: Scene,
  status: Readonly<Record<string, object>>,
  tried: () => Promise<void>,
): Promise<void> {
  const [first] = world.nodes();
  if (!first) throw new Error('There is no simulated node');
  const path = `/api/v1/nodes/${first.name}/status`;
  await api.patch(path, { status });
  try {
    await tried();
  } finally {
    const { allocatable } = first.object.status;
    await api.patch(path, { status: { allocatable, nodeInfo: { swap: null } } });
  }
}

async function topNodesRefused(kubectl: ClusterKubectl, check: Check): Promise<void> {
  for (const [words, complaint] of [
    [['nobody'], 'Error from server (NotFound): node "nobody" not found\n'],
    [['-l', 'app=nobody'], 'error: metrics not available yet\n'],
    [['--sort-by=name'], 'error: --sort-by accepts only cpu or memory\n'],
    [['one', '-l', 'app'], 'error: only one of NAME or --selector can be provided\n'],
  ] as const) {
    await check(`kubectl top nodes ${words.join(' ')} says what is wrong`, async () => {
      const answer = await kubectl.ask(['top', 'nodes', ...words]);
      assert.deepEqual(answer, { code: 1, out: '', err: complaint });
    });
  }
}
