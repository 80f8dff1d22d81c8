import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NoControlPlaneError, findPrograms, programOnPath } from '../../e2e/programs.ts';

/** Writes down how it was called, and makes something where -o tells. */
const GO = `#!/bin/sh
echo "$CGO_ENABLED|$GOFLAGS|$GOWORK" >>"$CALLS"
while [ "$1" != -o ]; do shift; done
echo built >"$2/controlplane"
`;
const BROKEN_GO = `#!/bin/sh
echo 'main.go:1: no such thing' >&2
exit 1
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'programs-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function makeProgram(place: string, name: string, text = '#!/bin/sh\n'): Promise<void> {
  await mkdir(join(folder, place), { recursive: true });
  await writeFile(join(folder, place, name), text, { mode: 0o755 });
}

const calls = (): string[] => {
  const file = join(folder, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
};

/** What a run with this environment finds; the programs of `bin` and the system's own are on PATH. */
function find(env: NodeJS.ProcessEnv = {}) {
  const { signal } = new AbortController();
  const own = {
    PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
    CALLS: join(folder, 'calls'),
    XDG_CACHE_HOME: join(folder, 'cache'),
  };
  return findPrograms({ ...own, ...env }, signal, () => undefined);
}

describe('KUBEBUILDER_ASSETS', () => {
  test('comes before the Go on PATH', async () => {
    await makeProgram('bin', 'go', GO);
    for (const name of ['etcd', 'kube-apiserver']) await makeProgram('assets', name);
    const programs = await find({ KUBEBUILDER_ASSETS: join(folder, 'assets') });

    expect(programs.command('etcd')).toEqual([join(folder, 'assets', 'etcd')]);
    expect(programs.controllers).toBe(false);
    expect(programs.clients).toBeUndefined();
    expect(programs.kubectl).toBeUndefined();
    expect(calls()).toEqual([]);
  });

  test('may bring a kubectl along', async () => {
    for (const name of ['etcd', 'kube-apiserver', 'kubectl']) await makeProgram('assets', name);
    const { kubectl } = await find({ KUBEBUILDER_ASSETS: join(folder, 'assets') });

    expect(kubectl).toEqual([join(folder, 'assets', 'kubectl')]);
  });

  test.each([
    [[], 'no etcd and no kube-apiserver'],
    [['etcd'], 'no kube-apiserver'],
    [['kube-apiserver'], 'no etcd'],
  ])('with only %j is refused in one sentence, whatever is on PATH', async (names, what) => {
    await makeProgram('bin', 'go', GO);
    for (const name of names) await makeProgram('assets', name);
    const assets = join(folder, 'assets');

    await expect(find({ KUBEBUILDER_ASSETS: assets })).rejects.toThrow(
      new NoControlPlaneError(
        `KUBEBUILDER_ASSETS: there is ${what} in "${assets}": name the folder that holds them`,
      ),
    );
    expect(calls()).toEqual([]);
  });
});

describe('the Go on PATH', () => {
  test('builds once, without C and with the modules of go.sum', async () => {
    await makeProgram('bin', 'go', GO);
    const programs = await find({ GOFLAGS: '-p=1' });
    const again = await find({ KUBEBUILDER_ASSETS: '' });

    expect(calls()).toEqual(['0|-p=1 -mod=readonly -buildvcs=false|off']);
    const [controlplane, ...words] = programs.command('kube-scheduler');
    expect(readFileSync(controlplane, 'utf8')).toBe('built\n');
    expect(words).toEqual(['kube-scheduler']);
    expect(programs.kubectl).toEqual([controlplane, 'kubectl']);
    expect(programs.controllers).toBe(true);
    expect(again.clients).toBe(programs.clients);
  });

  test('says its last words when it fails, and leaves nothing', async () => {
    await makeProgram('bin', 'go', BROKEN_GO);

    await expect(find()).rejects.toThrow('go build failed. Its last words:\nmain.go:1: no such');
    expect(readdirSync(join(folder, 'cache', 'metrics-server-e2e'))).toEqual([]);
  });

  test('is a program, not a folder', async () => {
    await mkdir(join(folder, 'local', 'go'), { recursive: true });
    await makeProgram('bin', 'go', GO);
    const PATH = `${join(folder, 'local')}:${join(folder, 'bin')}`;

    expect(programOnPath('go', { PATH })).toBe(join(folder, 'bin', 'go'));
  });
});
