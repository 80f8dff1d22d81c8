// `npm run e2e`: README.md in this folder.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { credentialsOf } from './kubeconfig-credentials.ts';
import { HELP, type Options, UsageError, parseOptions } from './options.ts';
import type { Need, Part } from './part.ts';
import { PARTS } from './parts.ts';
import { Plane } from './plane.ts';
import { NoControlPlaneError, findPrograms } from './programs.ts';
import { Scene, type SceneSpec } from './scene.ts';
import { Tally } from './tally.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The first signal ends everything in good order; the same again ends this process at once. */
function signalOfUser(): AbortSignal {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      say(`Ending everything after ${name} ...`);
      ending.abort(new Interrupted(name));
    });
  }
  return ending.signal;
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

type Surroundings = Omit<SceneSpec, 'folder' | 'program'>;

/** A cluster of the user's, or a plane of our own, which ends with the house. */
async function findCluster(
  folder: string,
  house: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Surroundings> {
  const { env } = process;
  const kubeconfig = env['E2E_KUBECONFIG'] ?? '';
  const host = env['E2E_HOST'] ?? 'localhost';
  if (kubeconfig !== '') {
    const cluster = await credentialsOf(kubeconfig);
    say(`Cluster: ${cluster.server} (E2E_KUBECONFIG)`);
    return { cluster, kubeconfig, plane: undefined, controllers: true, clients: undefined, host };
  }
  const programs = await findPrograms(env, signal, say);
  const startedMs = performance.now();
  const plane = house.use(await Plane.start(programs, folder, signal));
  const { authorities, url, admin, controllers } = plane;
  say(
    `Control plane: ${url}, ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  return {
    cluster: { server: url, caPem: authorities.cluster.certPem, identity: admin },
    kubeconfig: plane.kubeconfig,
    plane,
    controllers,
    clients: programs.clients,
    host,
  };
}

function missingFor({ needs }: Part, { plane, controllers, clients }: Surroundings): Need[] {
  return needs.filter(
    (need) => !{ 'own plane': plane, controllers, 'Go clients': clients !== undefined }[need],
  );
}

async function runParts(scene: Scene, { only }: Options, tally: Tally): Promise<void> {
  const chosen = PARTS.filter(
    ({ name }) => only.length === 0 || only.some((text) => name.includes(text)),
  );
  if (chosen.length === 0) {
    const names = PARTS.map(({ name }) => `"${name}"`).join(', ');
    throw new UsageError(`--only: no part is named so; there are ${names}`);
  }
  for (const part of chosen) {
    const missing = missingFor(part, scene.spec);
    if (missing.length > 0) {
      tally.skip(part, missing, process.env['CI'] === 'true');
      continue;
    }
    say(`== ${part.name}`);
    try {
      await part.run(scene, tally.check);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      tally.fail(part.name, error);
    }
  }
}

async function stay(scene: Scene, signal: AbortSignal): Promise<void> {
  say(
    [
      `The cluster runs: export KUBECONFIG=${scene.kubectl.kubeconfig}`,
      `metrics-server   https://127.0.0.1:${scene.server.port}, pid ${scene.server.pid}`,
      'Ctrl-C ends everything.',
    ].join('\n'),
  );
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const signal = signalOfUser();
  const tally = new Tally(say, signal);
  const folder = await mkdtemp(join(tmpdir(), 'metrics-server-e2e-'));
  {
    await using house = new AsyncDisposableStack();
    house.defer(async () => {
      if (options.keep) say(`Kept: ${folder}`);
      else await rm(folder, { recursive: true, force: true });
    });
    const surroundings = await findCluster(folder, house, signal);
    const scene = house.use(
      await Scene.create({ ...surroundings, folder, program: options.server }),
    );
    if (options.clusterOnly) {
      await stay(scene, signal);
      return 0;
    }
    await runParts(scene, options, tally);
  }
  say(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (process.exitCode === 1) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 2;
  if (error instanceof NoControlPlaneError) return 3;
  return 1;
}
