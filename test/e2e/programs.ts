import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from '../support/kubectl.ts';
import { type Built, buildPrograms } from './build.ts';

export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

/** What a real node runs. */
export type NodeProgram = 'kubelet' | 'kube-proxy';

/** Where the programs of a control plane are. */
export interface Programs {
  /** What starts a program, its own arguments left out; `kubelet` and the like only where there are controllers. */
  command(program: Program | NodeProgram): Command;
  /** Whether there are controllers and a scheduler, too. */
  readonly controllers: boolean;
  /** Go clients that the tests use; undefined when there is no Go. */
  readonly clients: string | undefined;
  /** The kubectl of the control plane's own release; undefined where it came without one. */
  readonly kubectl: Command | undefined;
}

/** There is nothing to try against. The message is one sentence with the remedy. */
export class NoControlPlaneError extends Error {
  override readonly name = 'NoControlPlaneError';
}

/**
 * The programs of KUBEBUILDER_ASSETS, else those built with the Go on PATH.
 * @throws NoControlPlaneError when there is neither.
 */
export async function findPrograms(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Programs> {
  const assets = env['KUBEBUILDER_ASSETS'] ?? '';
  if (assets !== '') return assetsIn(resolve(assets));
  const go = programOnPath('go', env);
  if (go === undefined) {
    throw new NoControlPlaneError(
      'There is no control plane to try against: set E2E_KUBECONFIG to the kubeconfig of a cluster, or KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or install Go',
    );
  }
  return builtPrograms(await buildPrograms({ go, env, signal, say }));
}

function assetsIn(folder: string): Programs {
  const missing = ['etcd', 'kube-apiserver'].filter((name) => !isExecutable(join(folder, name)));
  if (missing.length > 0) {
    throw new NoControlPlaneError(
      `KUBEBUILDER_ASSETS: there is no ${missing.join(' and no ')} in "${folder}": name the folder that holds them`,
    );
  }
  const kubectl = join(folder, 'kubectl');
  return {
    command: (program) => [join(folder, program)],
    controllers: false,
    clients: undefined,
    kubectl: isExecutable(kubectl) ? [kubectl] : undefined,
  };
}

function builtPrograms({ controlplane, clients }: Built): Programs {
  return {
    command: (program) => [controlplane, program],
    controllers: true,
    clients,
    kubectl: [controlplane, 'kubectl'],
  };
}

/** The path of a program; undefined when it is not on PATH. */
export function programOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** A folder is not: /usr/local/go is one on many machines. */
function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // ENOENT, EACCES: nothing that could be run
  }
}
