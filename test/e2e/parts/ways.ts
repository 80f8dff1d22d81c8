import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ClusterKubectl } from '../ask-cluster.ts';
import type { Part } from '../part.ts';
import { Plane } from '../plane.ts';
import { type Programs, findPrograms } from '../programs.ts';
import { API_SERVICE, FIGURES, type Scene } from '../scene.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** How a run ends in which something was tried, and nothing failed. */
const WELL = /\n[1-9]\d* passed, 0 failed\n$/;
/** A third of it is usual. */
const TIMEOUT_MS = 300_000;
/** The second one needs controllers. */
const PLAYED = ['--only=manifests', '--only=users'];

/** Starts these tests as a user does who has a control plane already, for two small parts of them. */
async function runMain(env: NodeJS.ProcessEnv, { signal }: Scene['spec']): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...PLAYED], {
    // What cannot be had of such a plane is skipped aloud.
    env: { ...process.env, CI: '', ...env },
    timeout: TIMEOUT_MS,
    signal,
  });
  return stdout;
}

/** A cluster that goes on living has to be left as it was. */
async function isTidy(kubectl: ClusterKubectl): Promise<void> {
  const kinds = 'nodes,leases,services,apiservices,clusterroles,clusterrolebindings,namespaces';
  const words = ['get', kinds, '-A', '-o', 'name', '--ignore-not-found'];
  const names = (await kubectl.run(...words)).trimEnd().split('\n');
  assert.ok(names.includes('namespace/kube-system'));
  const ours = /^node\/|simulated|metrics-server|metrics-reader|resource-reader/;
  const left = names.filter(
    (name) =>
      ours.test(name) || name.endsWith(`/${API_SERVICE}`) || name === `namespace/${FIGURES}`,
  );
  assert.deepEqual(left, []);
}

async function byKubeconfig(scene: Scene, programs: Programs): Promise<void> {
  const { folder, signal } = scene.spec;
  const beside = join(folder, 'beside');
  await mkdir(beside);
  await using plane = await Plane.start(programs, beside, signal);
  await using kubectl = await ClusterKubectl.create(plane.kubeconfig);
  const out = await runMain({ E2E_KUBECONFIG: plane.kubeconfig }, scene.spec);
  assert.ok(out.includes(`\nCluster: ${plane.url} (E2E_KUBECONFIG)\n`), out);
  assert.match(out, WELL);
  await isTidy(kubectl);
}

/** The built file is each of its programs by the name of a link. */
async function byAssets({ spec }: Scene, programs: Programs): Promise<void> {
  const assets = join(spec.folder, 'assets');
  await mkdir(assets);
  for (const name of ['etcd', 'kube-apiserver'] as const) {
    await symlink(programs.command(name)[0], join(assets, name));
  }
  const out = await runMain({ E2E_KUBECONFIG: '', KUBEBUILDER_ASSETS: assets }, spec);
  assert.match(
    out,
    /\nSKIPPED users: it needs controllers, which this cluster or machine has not\n/,
  );
  assert.match(out, /\nControl plane: https:\/\/127\.0\.0\.1:\d+, ready /);
  assert.match(out, WELL);
}

export const waysToAPlane: Part = {
  name: 'other control planes',
  // what is built here is given to another run as its own
  needs: ['own plane', 'Go clients'],
  async run(scene, check) {
    const env = { ...process.env, KUBEBUILDER_ASSETS: '' };
    const programs = await findPrograms(env, scene.spec.signal, () => undefined);
    await check('E2E_KUBECONFIG: a cluster is tried, and left as it was', () =>
      byKubeconfig(scene, programs),
    );
    await check('KUBEBUILDER_ASSETS: etcd and kube-apiserver alone are enough', () =>
      byAssets(scene, programs),
    );
  },
};
