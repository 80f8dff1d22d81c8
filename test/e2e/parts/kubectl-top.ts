import assert from 'node:assert/strict';
import type { ClusterKubectl } from '../ask-cluster.ts';
import { eventually } from '../eventually.ts';
import type { Check, Part } from '../part.ts';
import { FIGURES, type Scene } from '../scene.ts';

/** An idle container has to be looked at twice, which its kubelet does every 15 to 29 s. */
const SETTLED_WITHIN_MS = 60_000;

const POD_ROWS = [
  ['idle', '0m', '8Mi'],
  ['pair', '120m', '48Mi'],
  ['steady-1', '250m', '64Mi'],
  ['steady-2', '250m', '64Mi'],
];

interface Question {
  readonly words: readonly string[];
  /** What is printed, word by word, without the line of headings. */
  readonly rows: readonly (readonly string[])[];
}

const inFigures = (...words: readonly string[]): readonly string[] => [
  ...['top', 'pods', '-n', FIGURES],
  ...words,
];
const QUESTIONS: readonly Question[] = [
  { words: inFigures(), rows: POD_ROWS },
  {
    words: inFigures('--sort-by=cpu', '--sum'),
    rows: [
      ['steady-1', '250m', '64Mi'],
      ['steady-2', '250m', '64Mi'],
      ['pair', '120m', '48Mi'],
      ['idle', '0m', '8Mi'],
      ['________', '________'],
      ['620m', '184Mi'],
    ],
  },
  {
    words: inFigures('--containers', '-l', 'app in (pair, idle)'),
    rows: [
      ['idle', 'app', '0m', '8Mi'],
      ['pair', 'app', '100m', '32Mi'],
      ['pair', 'side', '20m', '16Mi'],
    ],
  },
  {
    words: inFigures('--field-selector', 'metadata.name=steady-2'),
    rows: [['steady-2', '250m', '64Mi']],
  },
  { words: inFigures('pair'), rows: [['pair', '120m', '48Mi']] },
  {
    words: inFigures('--sort-by=memory', '-l', 'app!=steady'),
    rows: [
      ['pair', '120m', '48Mi'],
      ['idle', '0m', '8Mi'],
    ],
  },
];

export const kubectlTop: Part = {
  name: 'kubectl top',
  needs: [],
  async run(scene, check) {
    const { kubectl } = scene;
    await check('figures of every pod are there within a minute, and exact', () =>
      scene.whenExact(),
    );
    for (const { words, rows } of QUESTIONS) {
      await check(`kubectl ${words.join(' ')}: every figure is what the pods use`, async () => {
        assert.deepEqual(await rowsOf(kubectl, words), rows);
      });
    }
    await topNodes(scene, check);
    await check('kubectl top pods -A names the namespaces', async () => {
      const rows = await rowsOf(kubectl, ['top', 'pods', '-A']);
      const ours = rows.filter(([namespace]) => namespace === FIGURES);
      assert.deepEqual(
        ours,
        POD_ROWS.map((row) => [FIGURES, ...row]),
      );
    });
    await check('kubectl top pod of one that does not exist says so', async () => {
      const { code, err } = await kubectl.ask(inFigures('nobody'));
      assert.equal(code, 1);
      assert.equal(err, 'Error from server (NotFound): pods "nobody" not found\n');
    });
  },
};

async function rowsOf(kubectl: ClusterKubectl, words: readonly string[]): Promise<string[][]> {
  const out = await kubectl.run(...words, '--no-headers');
  return out
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
}

/** What nodes use is the sum of their pods and of their system, which the world knows. */
async function topNodes({ kubectl, nodes }: Scene, check: Check): Promise<void> {
  const { world } = nodes;
  // A node's figures of a time in which pods were started are those of a part of it.
  const attempt = async (): Promise<void> => {
    const rows = await rowsOf(kubectl, ['top', 'nodes', '-l', 'simulator/node']);
    const expected = world.nodes().map(({ name, systemMicroCores }) => {
      const microCores = [...world.podsOn(name)]
        .flatMap(({ containers }) => containers)
        .reduce(
          (sum, { workload: { cpu } }) => sum + (cpu.shape === 'flat' ? cpu.microCores : 0),
          systemMicroCores,
        );
      return [name, Math.ceil(microCores / 1000)];
    });
    assert.deepEqual(
      rows.map(([name, cores]) => [name, Number(cores?.replace('m', ''))]),
      expected,
    );
  };
  await check('kubectl top nodes: every figure is what pods and system use', () =>
    eventually(SETTLED_WITHIN_MS, attempt),
  );
}
