import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeKeyFolder } from '../pki/key-folder.ts';
import type { Cluster } from './cluster.ts';

/** What the demo leaves on disk, all of it below one folder. */
export interface DemoFiles {
  /** For people: contexts admin, viewer and nobody. */
  readonly kubeconfig: string;
  readonly serverKubeconfig: string;
  readonly kubeletCa: string;
  readonly certDir: string;
  readonly log: string;
}

/** Kubeconfigs hold keys, even if only of a cluster that lives for minutes. */
const SECRET = { mode: 0o600 };

/** Makes the folder, and writes into it whatever must be there before the server starts. */
export async function writeDemoFiles(folder: string, cluster: Cluster): Promise<DemoFiles> {
  const files = {
    kubeconfig: join(folder, 'kubeconfig'),
    serverKubeconfig: join(folder, 'metrics-server.kubeconfig'),
    kubeletCa: join(folder, 'kubelet-ca.crt'),
    certDir: join(folder, 'certificates'),
    log: join(folder, 'metrics-server.log'),
  };
  await makeKeyFolder(folder);
  // A serving certificate of an earlier demo is of no use to this one.
  await rm(files.certDir, { recursive: true, force: true });
  await writeFile(files.kubeconfig, cluster.kubeconfig('admin', 'viewer', 'nobody'), SECRET);
  await writeFile(files.serverKubeconfig, cluster.kubeconfig('metrics-server'), SECRET);
  await writeFile(files.kubeletCa, cluster.authorities.kubelet);
  return files;
}

/** The command line of the metrics server, as in manifests/base where it can be. */
export function serverArguments(files: DemoFiles, port: number): string[] {
  return [
    `--kubeconfig=${files.serverKubeconfig}`,
    `--authentication-kubeconfig=${files.serverKubeconfig}`,
    `--authorization-kubeconfig=${files.serverKubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${files.certDir}`,
    '--kubelet-use-node-status-port',
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-certificate-authority=${files.kubeletCa}`,
    '--metric-resolution=15s',
  ];
}
