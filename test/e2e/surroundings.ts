import process from 'node:process';
import { credentialsOf } from './kubeconfig-credentials.ts';
import type { Need, Part } from './part.ts';
import { Plane } from './plane.ts';
import { NoControlPlaneError, findPrograms, programOnPath } from './programs.ts';
import { findPython } from './python.ts';
import type { SceneSpec } from './scene.ts';

/** The cluster that the parts play in, and what it can do. */
export type Surroundings = Omit<SceneSpec, 'folder' | 'program' | 'signal'>;

interface Wanted {
  readonly folder: string;
  readonly house: AsyncDisposableStack;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** A cluster of the user's, or a plane of our own, which ends with the house. */
export async function findSurroundings({
  folder,
  house,
  signal,
  say,
}: Wanted): Promise<Surroundings> {
  const { env } = process;
  const kubeconfig = env['E2E_KUBECONFIG'] ?? '';
  requireKubectl(env);
  const here = { host: env['E2E_HOST'] ?? 'localhost', python: await findPython(env) };
  if (kubeconfig !== '') {
    const cluster = await credentialsOf(kubeconfig);
    say(`Cluster: ${cluster.server} (E2E_KUBECONFIG)`);
    const without = { plane: undefined, clients: undefined, planeKubectl: undefined };
    return { cluster, kubeconfig, controllers: true, ...here, ...without };
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
    planeKubectl: programs.kubectl,
    ...here,
  };
}

/** @throws NoControlPlaneError when there is something to try against, and no kubectl to try with. */
function requireKubectl(env: NodeJS.ProcessEnv): void {
  const { E2E_KUBECONFIG = '', KUBEBUILDER_ASSETS = '' } = env;
  const given = E2E_KUBECONFIG !== '' || KUBEBUILDER_ASSETS !== '';
  if (!given && programOnPath('go', env) === undefined) return;
  if (programOnPath('kubectl', env) !== undefined) return;
  throw new NoControlPlaneError(
    'There is no kubectl to try a control plane with: install it, and put it on PATH',
  );
}

/** What a part would need, and these have not. */
export function missingFor({ needs }: Part, surroundings: Surroundings): Need[] {
  const has: Readonly<Record<Need, unknown>> = {
    'own plane': surroundings.plane,
    controllers: surroundings.controllers,
    'Go clients': surroundings.clients,
    'kubectl of the plane': surroundings.planeKubectl,
    Python: surroundings.python,
  };
  return needs.filter((need) => has[need] === undefined || has[need] === false);
}
