import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Check } from '../part.ts';
import type { ServerImage } from './server-image.ts';

const run = promisify(execFile);
const REPOSITORY = new URL('../../../', import.meta.url);
const WITHIN_MS = 60_000;
const LONGEST_LISTING = 16 * 1024 * 1024;

/** One line of `tar -tv`: mode, owner and path. */
interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly path: string;
}

/** What can be said of the image before a cluster has it. Needs root and mount namespaces, as its making does. */
export async function checkImage({ tar, config }: ServerImage, check: Check): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'metrics-server-image-'));
  try {
    const root = join(folder, 'root');
    const entries = await unpack(tar, folder, root);
    const [program = ''] = config.Entrypoint ?? [];
    const inside = (words: readonly string[]): Promise<string> => runInside(root, words);

    await check(
      'the image holds Node, its libraries, the server, and no other program',
      async () => {
        assert.deepEqual(programsOf(entries), ['metrics-server', 'nodejs/node']);
        // lib64 is where amd64 alone looks for its loader
        assert.deepEqual(
          foldersOf(entries).filter((name) => name !== 'lib64'),
          FOLDERS,
        );
        const paths = entries.map(({ path }) => path);
        assert.deepEqual(
          paths.filter(
            (path) =>
              path.startsWith('app/dist/simulator') ||
              (path.startsWith('app/') && !OF_SERVER.test(path)),
          ),
          [],
        );
        await assert.rejects(inside(['/bin/sh', '-c', 'true']), /No such file or directory/);
      },
    );

    await check('everything in the image is of root, and nobody else may write it', () => {
      const odd = entries.filter(
        ({ mode, owner, path }) => path !== 'tmp/' && (owner !== '0/0' || ODD_MODE.test(mode)),
      );
      assert.deepEqual(odd, []);
      assert.equal(entries.find(({ path }) => path === 'tmp/')?.mode, 'drwxrwxrwt');
      return Promise.resolve();
    });

    await check(
      'without rights, on a read-only root, the image says its version and help',
      async () => {
        const manifest = await readFile(new URL('package.json', REPOSITORY), 'utf8');
        const { version } = JSON.parse(manifest) as { readonly version: string };
        assert.equal(await inside([program, '--version']), `v${version}\n`);
        const golden = new URL('test/golden/config/help.txt', REPOSITORY);
        assert.equal(await inside([program, '--help']), await readFile(golden, 'utf8'));
      },
    );

    await check(
      'what the image loads on demand loads in it, and logs name the sources',
      async () => {
        // The first is loaded for a kubeconfig, the second to say so as JSON; a port of 0 is worth a line of the log.
        const flags = ['--kubeconfig=/nope', '--kubelet-port=0'];
        const refused = async (words: readonly string[]): Promise<string> => {
          const failure: unknown = await inside([program, ...flags, ...words]).catch(
            (error: unknown) => error,
          );
          return (failure as { readonly stderr?: string }).stderr ?? '';
        };
        const text = await refused([]);
        assert.match(text, /^W.* server\.ts:\d+\] "--kubelet-port=0 is no port/);
        assert.match(text, /unable to construct lister client config: stat \/nope/);
        assert.match(await refused(['--logging-format=json']), /^\{"level":40,.*is no port/);
      },
    );

    await check('the image says on what terms each of its packages may be passed on', async () => {
      const paths = new Set(entries.map(({ path }) => path));
      const manifest = await readFile(join(root, 'app/package.json'), 'utf8');
      const { dependencies } = JSON.parse(manifest) as {
        readonly dependencies: Readonly<Record<string, string>>;
      };
      const names = Object.keys(dependencies);
      assert.ok(names.length > 0);
      for (const name of names) {
        const folder = `app/dist/node_modules/${name}`;
        assert.ok(paths.has(`${folder}/package.json`), folder);
        assert.ok(paths.has(`${folder}/LICENSE`) || paths.has(`${folder}/LICENSE.md`), folder);
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What upstream's base image has besides the program is a few kilobytes of the same kind. */
const FOLDERS = ['app', 'etc', 'lib', 'nodejs', 'tmp', 'usr', 'var'];
/** The bundle, where its places are in the sources, and of packages what they are and on what terms. */
const OF_SERVER =
  /^app\/(?:.*\/)?$|^app\/package\.json$|^app\/dist\/(?:[\w-]+\.js(?:\.places)?|package\.json)$|^app\/dist\/node_modules\/.*\/(?:package\.json|(?:licen[cs]e|copying|notice)[^/]*)$/i;
/** Writable for the group or for all, or with another's rights. Links have no mode of their own. */
const ODD_MODE = /^[^l](?:.{4}w|.{7}w|.{2}[sS]|.{5}[sS]|.{8}[tT])/;

/** Unpacks the only layer. */
async function unpack(tar: string, folder: string, root: string): Promise<Entry[]> {
  const layout = join(folder, 'layout');
  await Promise.all([mkdir(layout), mkdir(root)]);
  await run('tar', ['-xf', tar, '-C', layout]);
  const blob = (digest: string): string => join(layout, 'blobs', ...digest.split(':'));
  const read = async <Value>(path: string): Promise<Value> =>
    JSON.parse(await readFile(path, 'utf8')) as Value;
  const index = await read<{ manifests: { digest: string }[] }>(join(layout, 'index.json'));
  const manifest = await read<{ layers: { digest: string }[] }>(
    blob(index.manifests[0]?.digest ?? ''),
  );
  assert.equal(manifest.layers.length, 1);
  const layer = blob(manifest.layers[0]?.digest ?? '');
  await run('tar', ['-xpf', layer, '-C', root]);
  const { stdout } = await run('tar', ['-tvf', layer, '--numeric-owner'], {
    maxBuffer: LONGEST_LISTING,
  });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [mode = '', owner = '', , , , path = ''] = line.split(/\s+/);
      return { mode, owner, path };
    });
}

/** What may be run, libraries left out. */
function programsOf(entries: readonly Entry[]): string[] {
  const programs = entries.filter(
    ({ mode, path }) => /^-..x/.test(mode) && !/^lib(?:64)?\//.test(path),
  );
  return programs.map(({ path }) => path).toSorted();
}

function foldersOf(entries: readonly Entry[]): string[] {
  const folders = entries.filter(({ path }) => path.includes('/'));
  return [...new Set(folders.map(({ path }) => path.slice(0, path.indexOf('/'))))].toSorted();
}

/** As the pod of manifests/base does: another user than root, no capabilities, a root that nobody can write, a /tmp. */
async function runInside(root: string, words: readonly string[]): Promise<string> {
  const script = `set -e
    mount --bind "$1" "$1"
    mount -o remount,bind,ro "$1"
    mount -t tmpfs -o size=16m,mode=1777 tmpfs "$1/tmp"
    cd /
    root=$1
    shift
    exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setuid,+setgid \
      chroot --userspec=65534:65534 --groups= "$root" "$@"`;
  const namespace = ['--mount', '--propagation=private', '/bin/sh', '-c', script, 'sh'];
  const { stdout } = await run('unshare', [...namespace, root, ...words], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', NODE_ENV: 'production' },
    timeout: WITHIN_MS,
  });
  return stdout;
}
