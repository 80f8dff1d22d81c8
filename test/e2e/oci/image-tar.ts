import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { fullName, tagOf } from './image-name.ts';

/** How a container starts, in the words of the OCI image specification; what is left out is not set. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  /** `NAME=value`. */
  readonly Env?: readonly string[];
  /** `UID` or `UID:GID`. */
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

interface ImageSpec {
  /** The folder that becomes the image's root. */
  readonly root: string;
  /** As a manifest names it; written down in full, with its registry. */
  readonly name: string;
  /** Further names of the same image. */
  readonly alsoNamed?: readonly string[];
  readonly config: ImageConfig;
  /** The path of the tar. */
  readonly out: string;
  /** Files keep their owners; otherwise everything is root's, whoever made the folder. */
  readonly keepOwners?: boolean;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = 'application/vnd.oci.image';
/** As Go, and so the image specification, calls them. */
const ARCHITECTURES = new Map<string, string>([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
]);
/** Nothing of the moment, and nothing of the machine. */
const SAME_EVERY_TIME = ['--format=gnu', '--sort=name', '--mtime=@0', '--numeric-owner'];
/** There are readers that stumble over an image without it. */
const NO_TIME = '1970-01-01T00:00:00Z';
const OF_ROOT = ['--owner=0', '--group=0'];

/**
 * Writes a folder as an image of one layer, for this machine's architecture: a tar of an OCI image layout, as
 * `ctr images import` takes it. The same folder and config always give the same bytes.
 * Source: OCI image-spec v1.1, image-layout.md, config.md; containerd, pkg/reference annotations.
 * @returns the image's full name
 */
export async function writeImageTar(spec: ImageSpec): Promise<string> {
  const name = fullName(spec.name);
  await mkdir(dirname(spec.out), { recursive: true });
  // Beside its place, so that a name is all that changes at the end.
  const layout = await mkdtemp(`${spec.out}-`);
  try {
    await writeLayout(layout, [name, ...(spec.alsoNamed ?? []).map(fullName)], spec);
    const draft = join(layout, 'image.tar');
    await tar(['-cf', draft, ...OF_ROOT, '-C', layout, 'oci-layout', 'index.json', 'blobs']);
    await rename(draft, spec.out);
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
  return name;
}

async function writeLayout(
  layout: string,
  names: readonly string[],
  spec: ImageSpec,
): Promise<void> {
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  const platform = { architecture: architecture(), os: 'linux' };
  const file = join(layout, 'layer.tar');
  const owners = spec.keepOwners === true ? [] : OF_ROOT;
  // Without the folder itself: its mode, often 0700, would be that of the container's root.
  const entries = (await readdir(spec.root)).toSorted();
  await tar(['-cf', file, ...owners, '-C', spec.root, '--files-from=/dev/null', '--', ...entries]);
  const layer = await addBlob(layout, file, `${OCI}.layer.v1.tar`);
  const config = await addJson(layout, `${OCI}.config.v1+json`, {
    ...platform,
    created: NO_TIME,
    config: spec.config,
    // A layer that is not compressed is its own "diff".
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created: NO_TIME, created_by: 'test/e2e/oci' }],
  });
  const mediaType = `${OCI}.manifest.v1+json`;
  const manifest = await addJson(layout, mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers: [layer],
  });
  // containerd takes the first one for the image's name, other tools the second one for its tag.
  const annotationsOf = (name: string) => ({
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': tagOf(name),
  });
  const index = {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: names.map((name) => ({ ...manifest, annotations: annotationsOf(name), platform })),
  };
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function addJson(layout: string, mediaType: string, value: unknown): Promise<Descriptor> {
  const file = join(layout, 'value.json');
  await writeFile(file, JSON.stringify(value));
  return addBlob(layout, file, mediaType);
}

/** Moves a file to where its digest says. */
async function addBlob(layout: string, file: string, mediaType: string): Promise<Descriptor> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const hex = hash.digest('hex');
  const { size } = await stat(file);
  await rename(file, join(layout, 'blobs/sha256', hex));
  return { mediaType, digest: `sha256:${hex}`, size };
}

function architecture(): string {
  const name = ARCHITECTURES.get(process.arch);
  if (name === undefined) throw new Error(`Cannot make an image for "${process.arch}"`);
  return name;
}

async function tar(words: readonly string[]): Promise<void> {
  await promisify(execFile)('tar', [...SAME_EVERY_TIME, ...words]);
}
