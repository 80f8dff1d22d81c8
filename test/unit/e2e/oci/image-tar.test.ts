import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { writeImageTar } from '../../../e2e/oci/image-tar.ts';

const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;
const CONFIG = {
  Entrypoint: ['/bin/program'],
  Cmd: ['--word'],
  Env: ['PATH=/bin'],
  User: '65534',
  WorkingDir: '/',
  Labels: { 'org.opencontainers.image.title': 'program' },
};

interface Blob {
  readonly digest: string;
  readonly size: number;
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-tar-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A folder as an image's root, made in the given order. */
async function makeRoot(name: string, files: readonly string[]): Promise<string> {
  const root = join(folder, name);
  await mkdir(join(root, 'bin'), { recursive: true });
  for (const file of files) await writeFile(join(root, file), `I am ${file}\n`);
  await writeFile(join(root, 'bin/program'), '#!/bin/sh\n');
  await chmod(join(root, 'bin/program'), 0o755);
  await symlink('program', join(root, 'bin/other'));
  await chmod(root, 0o700);
  return root;
}

/** The image as a folder, taken apart by the machine's tar. */
async function makeImage(root: string, name = 'metrics-server:0.1.0'): Promise<string> {
  const out = join(folder, 'image.tar');
  await writeImageTar({ root, name, config: CONFIG, out });
  const layout = join(folder, 'layout');
  await mkdir(layout, { recursive: true });
  execFileSync('tar', ['-xf', out, '-C', layout]);
  return layout;
}

async function json(layout: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(layout, file), 'utf8'));
}

function pathOf({ digest }: Blob): string {
  return `blobs/${digest.replace(':', '/')}`;
}

async function manifestOf(layout: string) {
  const index = (await json(layout, 'index.json')) as { readonly manifests: readonly Blob[] };
  const [entry] = index.manifests;
  if (!entry) throw new Error('The index names no manifest');
  const manifest = (await json(layout, pathOf(entry))) as {
    readonly config: Blob;
    readonly layers: readonly Blob[];
  };
  const [layer] = manifest.layers;
  if (!layer) throw new Error('The manifest names no layer');
  return { index, entry, manifest, layer };
}

describe('writeImageTar', () => {
  test('makes a layout of one manifest, which containerd finds under its full name', async () => {
    const layout = await makeImage(await makeRoot('root', ['a', 'b']));

    const { index, entry, manifest } = await manifestOf(layout);
    expect((await readdir(layout)).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect(await json(layout, 'oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(index).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: entry.digest,
          size: entry.size,
          platform: { architecture: ARCHITECTURE, os: 'linux' },
          annotations: {
            'io.containerd.image.name': 'docker.io/library/metrics-server:0.1.0',
            'org.opencontainers.image.ref.name': '0.1.0',
          },
        },
      ],
    });
    expect(manifest).toMatchObject({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json' },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar' }],
    });
  });

  test('says how the container starts, on what machine, and which layer is its root', async () => {
    const layout = await makeImage(await makeRoot('root', []));

    const { manifest, layer } = await manifestOf(layout);
    expect(await json(layout, pathOf(manifest.config))).toMatchObject({
      architecture: ARCHITECTURE,
      os: 'linux',
      config: CONFIG,
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
  });

  test('names every blob by its digest and size, as sha256sum and wc find them', async () => {
    const layout = await makeImage(await makeRoot('root', ['a']));

    const { entry, manifest, layer } = await manifestOf(layout);
    const seen = [entry, manifest.config, layer].map((blob) => {
      const path = join(layout, pathOf(blob));
      const [digest = ''] = execFileSync('sha256sum', [path], { encoding: 'utf8' }).split(' ');
      const [size = ''] = execFileSync('wc', ['-c', path], { encoding: 'utf8' }).split(' ');
      return { digest: `sha256:${digest}`, size: Number(size) };
    });
    expect(seen).toEqual(
      [entry, manifest.config, layer].map(({ digest, size }) => ({ digest, size })),
    );
    expect(await readdir(join(layout, 'blobs/sha256'))).toHaveLength(3);
  });

  test('puts what is in the folder into the layer: sorted, of root, of no time, without the folder itself', async () => {
    const layout = await makeImage(await makeRoot('root', ['b', 'a', '-c']));

    const { layer } = await manifestOf(layout);
    const listing = execFileSync(
      'tar',
      ['-tvf', join(layout, pathOf(layer)), '--numeric-owner', '--full-time'],
      { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } },
    );
    expect(
      listing
        .trimEnd()
        .split('\n')
        .map((line) => line.replaceAll(/\s+/g, ' ')),
    ).toEqual([
      expect.stringMatching(/^-rw.* 0\/0 8 1970-01-01 00:00:00 -c$/),
      expect.stringMatching(/^-rw.* 0\/0 7 1970-01-01 00:00:00 a$/),
      expect.stringMatching(/^-rw.* 0\/0 7 1970-01-01 00:00:00 b$/),
      expect.stringMatching(/^drwx.* 0\/0 0 1970-01-01 00:00:00 bin\/$/),
      expect.stringMatching(/^lrwx.* 0\/0 0 1970-01-01 00:00:00 bin\/other -> program$/),
      expect.stringMatching(/^-rwxr-xr-x 0\/0 10 1970-01-01 00:00:00 bin\/program$/),
    ]);
  });

  test('gives the same bytes for the same files, whenever and in whatever order they were made', async () => {
    const [first, second] = [await makeRoot('one', ['a', 'b']), await makeRoot('two', ['b', 'a'])];
    const [outFirst, outSecond] = [join(folder, 'one.tar'), join(folder, 'two.tar')];

    const names = [
      await writeImageTar({ root: first, name: 'x:1', config: CONFIG, out: outFirst }),
      await writeImageTar({ root: second, name: 'x:1', config: CONFIG, out: outSecond }),
    ];

    expect(names).toEqual(['docker.io/library/x:1', 'docker.io/library/x:1']);
    expect(await readFile(outFirst)).toEqual(await readFile(outSecond));
  });

  test('gives one image several names', async () => {
    const root = await makeRoot('root', []);
    const out = join(folder, 'image.tar');

    await writeImageTar({ root, name: 'x:1', alsoNamed: ['x:2'], config: CONFIG, out });

    const index: unknown = JSON.parse(
      execFileSync('tar', ['-xOf', out, 'index.json'], { encoding: 'utf8' }),
    );
    const { manifests } = index as { readonly manifests: readonly Record<string, unknown>[] };
    expect(manifests.map((each) => each['annotations'])).toEqual([
      {
        'io.containerd.image.name': 'docker.io/library/x:1',
        'org.opencontainers.image.ref.name': '1',
      },
      {
        'io.containerd.image.name': 'docker.io/library/x:2',
        'org.opencontainers.image.ref.name': '2',
      },
    ]);
    expect(new Set(manifests.map((each) => each['digest'])).size).toBe(1);
  });

  test('makes an image of nothing', async () => {
    const root = join(folder, 'root');
    await mkdir(root);

    const layout = await makeImage(root);

    const { layer } = await manifestOf(layout);
    expect(execFileSync('tar', ['-tf', join(layout, pathOf(layer))], { encoding: 'utf8' })).toBe(
      '',
    );
  });

  test('leaves nothing behind when the folder is not there', async () => {
    const out = join(folder, 'image.tar');

    await expect(
      writeImageTar({ root: join(folder, 'none'), name: 'x:1', config: CONFIG, out }),
    ).rejects.toThrow(/ENOENT/);

    expect(await readdir(folder)).toEqual([]);
  });
});
