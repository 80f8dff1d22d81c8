import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../e2e/main.ts', import.meta.url));

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'choice-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs `npm run e2e` without npm, with no other programs on PATH than these scripts. */
async function run(
  programs: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; err: string }> {
  for (const [name, lines] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  }
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: folder, TMPDIR: folder, XDG_CACHE_HOME: folder, ...env },
  });
  const [err, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, err };
}

const KUBECTL = { kubectl: 'echo "error: stat /nowhere: no such file or directory" >&2; exit 1' };
const GO = { go: 'echo broken >&2; exit 1' };

test.each([
  {
    title: 'nothing at all',
    programs: {},
    env: {},
    err: 'There is no control plane to try against: set E2E_KUBECONFIG to the kubeconfig of a cluster, or KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or install Go\n',
  },
  {
    title: 'Go, and no kubectl',
    programs: GO,
    env: {},
    err: 'There is no kubectl to try a control plane with: install it, and put it on PATH\n',
  },
  {
    title: 'KUBEBUILDER_ASSETS without programs, although there is Go',
    programs: { ...GO, ...KUBECTL },
    env: { KUBEBUILDER_ASSETS: '/nowhere' },
    err: 'KUBEBUILDER_ASSETS: there is no etcd and no kube-apiserver in "/nowhere": name the folder that holds them\n',
  },
  {
    title: 'E2E_KUBECONFIG that is not there, although there are the other two',
    programs: { ...GO, ...KUBECTL },
    env: { E2E_KUBECONFIG: '/nowhere', KUBEBUILDER_ASSETS: '/nowhere' },
    err: 'E2E_KUBECONFIG: kubectl cannot read "/nowhere": error: stat /nowhere: no such file or directory\n',
  },
])('with $title it says so in one sentence, exit code 3', async ({ programs, env, err }) => {
  expect(await run(programs, env)).toEqual({ code: 3, err });
});
