import assert from 'node:assert/strict';
import { textAt } from '../../../src/simulator/kube-object.ts';
import { ClusterKubectl } from '../ask-cluster.ts';
import type { Check, Part } from '../part.ts';
import { FIGURES, type Scene } from '../scene.ts';
import { flagsOf, refusesSwap, tableOf } from '../top-table.ts';
import { topNodes } from './kubectl-top-nodes.ts';

/** A question that kubectl answers with a table. */
interface Question {
  readonly words: readonly string[];
  readonly headings: readonly string[];
  /** What is printed below the headings, word by word. */
  readonly rows: readonly (readonly string[])[];
}

/** A question that kubectl answers without a table. */
interface Refusal {
  readonly words: readonly string[];
  readonly code: number;
  /** Everything that it complains of. */
  readonly complaint: string;
}

const HEADINGS = ['NAME', 'CPU(cores)', 'MEMORY(bytes)'];
const POD_ROWS = [
  ['idle', '0m', '8Mi'],
  ['pair', '120m', '48Mi'],
  ['steady-1', '250m', '64Mi'],
  ['steady-2', '250m', '64Mi'],
];
/** 0 + 120 + 250 + 250 millicores, 8 + 48 + 64 + 64 MiB. */
const SUM = ['620m', '184Mi'];
const LINE = ['________', '________'];
const CONTAINER_ROWS = [
  ['idle', 'app', '0m', '8Mi'],
  ['pair', 'app', '100m', '32Mi'],
  ['pair', 'side', '20m', '16Mi'],
  ['steady-1', 'app', '250m', '64Mi'],
  ['steady-2', 'app', '250m', '64Mi'],
];

const inFigures = (...words: readonly string[]): readonly string[] => [
  ...['top', 'pods', '-n', FIGURES],
  ...words,
];
const pods = (
  words: readonly string[],
  rows: readonly (readonly string[])[],
  headings: readonly string[] = HEADINGS,
): Question => ({ words: inFigures(...words), rows, headings });

const QUESTIONS: readonly Question[] = [
  pods([], POD_ROWS),
  pods(
    ['--sort-by=cpu', '--sum'],
    [
      ['steady-1', '250m', '64Mi'],
      ['steady-2', '250m', '64Mi'],
      ['pair', '120m', '48Mi'],
      ['idle', '0m', '8Mi'],
      LINE,
      SUM,
    ],
  ),
  pods(
    ['--sort-by=memory', '-l', 'app!=steady'],
    [
      ['pair', '120m', '48Mi'],
      ['idle', '0m', '8Mi'],
    ],
  ),
  pods(['--containers', '--sum'], [...CONTAINER_ROWS, LINE, SUM], ['POD', ...HEADINGS]),
  pods(
    ['--containers', '--selector=app in (pair, idle)'],
    [
      ['idle', 'app', '0m', '8Mi'],
      ['pair', 'app', '100m', '32Mi'],
      ['pair', 'side', '20m', '16Mi'],
    ],
    ['POD', ...HEADINGS],
  ),
  pods(['--field-selector', 'metadata.name=steady-2'], [['steady-2', '250m', '64Mi']]),
  pods(
    ['--field-selector=metadata.name!=steady-2', '-l', 'app=steady'],
    [['steady-1', '250m', '64Mi']],
  ),
  pods(['pair'], [['pair', '120m', '48Mi']]),
  pods(
    ['pair', '--containers'],
    [
      ['pair', 'app', '100m', '32Mi'],
      ['pair', 'side', '20m', '16Mi'],
    ],
    ['POD', ...HEADINGS],
  ),
];

const SWAP_HEADINGS = [...HEADINGS, 'SWAP(bytes)'];
const without = (rows: readonly (readonly string[])[]): string[][] =>
  rows.map((row) => [...row, '0Mi']);
/** The metrics server says nothing of swap, as upstream's; kubectl takes that for none. */
const SWAP_QUESTIONS: readonly Question[] = [
  pods(['--show-swap'], without(POD_ROWS), SWAP_HEADINGS),
  pods(['--show-swap', 'pair'], [['pair', '120m', '48Mi', '0Mi']], SWAP_HEADINGS),
  pods(['--show-swap', '--containers'], without(CONTAINER_ROWS), ['POD', ...SWAP_HEADINGS]),
  pods(
    ['--show-swap', '--sum', '--sort-by=memory', '-l', 'app in (pair, idle)'],
    [['pair', '120m', '48Mi', '0Mi'], ['idle', '0m', '8Mi', '0Mi'], LINE, ['120m', '56Mi', '0Mi']],
    SWAP_HEADINGS,
  ),
];

const REFUSALS: readonly Refusal[] = [
  {
    words: inFigures('nobody'),
    code: 1,
    complaint: 'Error from server (NotFound): pods "nobody" not found\n',
  },
  {
    words: inFigures('-l', 'app=nobody'),
    code: 0,
    complaint: `No resources found in ${FIGURES} namespace.\n`,
  },
  {
    words: inFigures('--field-selector=spec.nodeName=simulated-1'),
    code: 1,
    complaint:
      'Error from server (BadRequest): "spec.nodeName" is not a known field selector: only "metadata.name", "metadata.namespace"\n',
  },
  {
    words: inFigures('--sort-by=name'),
    code: 1,
    complaint: 'error: --sort-by accepts only cpu or memory\n',
  },
  {
    words: inFigures('pair', '-l', 'app=pair'),
    code: 1,
    complaint: 'error: only one of NAME or selector can be provided\n',
  },
];

/** All that `kubectl top pods` had in its newest release; what is not asked here is not shown. */
const FLAGS = [
  '--all-namespaces',
  '--containers',
  '--field-selector',
  '--no-headers',
  '--selector',
  '--show-swap',
  '--sort-by',
  '--sum',
  '--use-protocol-buffers',
];

async function topPods(kubectl: ClusterKubectl, check: Check): Promise<void> {
  const flags = await flagsOf(kubectl, 'pods');
  const hasSwap = flags.includes('--show-swap');
  await check('kubectl top pods has no flags but those that are tried here', () => {
    assert.deepEqual(flags, hasSwap ? FLAGS : FLAGS.filter((flag) => flag !== '--show-swap'));
    return Promise.resolve();
  });
  for (const { words, headings, rows } of [...QUESTIONS, ...(hasSwap ? SWAP_QUESTIONS : [])]) {
    await check(`kubectl ${words.join(' ')}: every figure is what the pods use`, async () => {
      assert.deepEqual(await tableOf(kubectl, words), [headings, ...rows]);
      assert.deepEqual(await tableOf(kubectl, [...words, '--no-headers']), rows);
    });
  }
  await topPodsOfAll(kubectl, check);
  await topPodsEncoded(kubectl, check);
  if (!hasSwap) await refusesSwap(kubectl, 'pods', check);
  for (const { words, code, complaint } of REFUSALS) {
    await check(`kubectl ${words.join(' ')} says what is wrong`, async () => {
      const answer = await kubectl.ask(words);
      assert.deepEqual(answer, { code, out: '', err: complaint });
    });
  }
}

/** Other namespaces may have pods, too. */
async function topPodsOfAll(kubectl: ClusterKubectl, check: Check): Promise<void> {
  const ours = (rows: readonly string[][]): string[][] =>
    rows.filter(([namespace]) => namespace === FIGURES);
  const named = (rows: readonly (readonly string[])[]): string[][] =>
    rows.map((row) => [FIGURES, ...row]);
  await check('kubectl top pods -A names the namespaces', async () => {
    const [headings, ...rows] = await tableOf(kubectl, ['top', 'pods', '-A']);
    assert.deepEqual(headings, ['NAMESPACE', ...HEADINGS]);
    assert.deepEqual(ours(rows), named(POD_ROWS));
  });
  await check('kubectl top po --all-namespaces --containers names all three', async () => {
    const words = ['top', 'po', '--all-namespaces', '--containers'];
    const [headings, ...rows] = await tableOf(kubectl, words);
    assert.deepEqual(headings, ['NAMESPACE', 'POD', ...HEADINGS]);
    assert.deepEqual(ours(rows), named(CONTAINER_ROWS));
  });
}

/** Without the flag, the library of clients asks for what it likes best, which is protobuf, too. */
async function topPodsEncoded(kubectl: ClusterKubectl, check: Check): Promise<void> {
  for (const [flag, accept] of [
    ['--use-protocol-buffers=true', 'application/vnd.kubernetes.protobuf, */*'],
    ['--use-protocol-buffers=false', 'application/vnd.kubernetes.protobuf,application/json'],
  ] as const) {
    await check(`kubectl top pods ${flag} asks for ${accept}`, async () => {
      assert.deepEqual(await tableOf(kubectl, inFigures(flag)), [HEADINGS, ...POD_ROWS]);
      const { err } = await kubectl.ask(inFigures(flag, '-v=8'));
      const accepted = /\/v1beta1\/namespaces\/[^]*?\bAccept: ([^\n]*)\n/.exec(err)?.[1];
      assert.equal(accepted, accept);
    });
  }
}

async function topAll(scene: Scene, kubectl: ClusterKubectl, check: Check): Promise<void> {
  await check('figures of every pod are there within a minute, and exact', () => scene.whenExact());
  await topPods(kubectl, check);
  await topNodes(scene, kubectl, check);
}

/** With the kubectl on PATH. */
export const kubectlTop: Part = {
  name: 'kubectl top',
  needs: [],
  run: (scene, check) => topAll(scene, scene.kubectl, check),
};

/** With the kubectl of the control plane's own release. */
export const newestKubectlTop: Part = {
  name: 'kubectl top, newest release',
  needs: ['kubectl of the plane'],
  async run(scene, check) {
    const { kubeconfig, planeKubectl } = scene.spec;
    await using kubectl = await ClusterKubectl.create(kubeconfig, planeKubectl);
    await check('kubectl version: client and server are of one release', async () => {
      const { code, out, err } = await kubectl.ask(['version', '-o', 'json']);
      // it warns of a version that it cannot read, and of one that is far from its own
      assert.deepEqual([code, err], [0, '']);
      const [client, server] = ['clientVersion', 'serverVersion'].map((of) =>
        textAt(JSON.parse(out), of, 'gitVersion'),
      );
      assert.match(client ?? '', /^v1\.\d+\.\d+$/);
      assert.equal(client, server);
    });
    await topAll(scene, kubectl, check);
  },
};
