import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { carryOut, refuseMachine } from './carry-out.ts';
import { refuseIgnored } from './context.ts';
import { parseDockerfile } from './dockerfile.ts';
import { fullName } from './image-name.ts';
import { type ImageConfig, writeImageTar } from './image-tar.ts';
import { recipeOf } from './stages.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const OURS = fileURLToPath(new URL('./', import.meta.url));
const SOURCES = [
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
/** Images of earlier states that stay in the cache: other checkouts may be using them. */
const KEPT = 4;

/** An image of the Dockerfile's stage `server`. */
export interface ServerImage {
  /** The tar of an OCI image layout, for `ctr images import`. */
  readonly tar: string;
  /** As a container runtime lists them: with registry and tag, in the order asked for. */
  readonly names: readonly string[];
  readonly config: ImageConfig;
}

interface Build {
  /** The same image under each of them, as manifests write them, such as `metrics-server:0.1.0`. */
  readonly names: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Builds the stage `server` of the Dockerfile, once for each state of what goes into it and for each list of names: a
 * minute or two on two cores. Nothing outside the cache folder changes.
 * @throws NoImageBuildError where there is no root, or what it needs may not be mounted
 */
export async function buildServerImage({ names, env, signal, say }: Build): Promise<ServerImage> {
  const stages = parseDockerfile(await textOf('Dockerfile'));
  refuseIgnored(stages, await textOf('.dockerignore'));
  const { script, config, standsInFor } = recipeOf(stages, 'server');
  const caches = join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'metrics-server-e2e');
  const folder = join(caches, `image-${digestOf(names)}`);
  const image = { tar: join(folder, 'image.tar'), names: names.map(fullName), config };
  if (existsSync(folder)) return image;
  refuseMachine(env);
  say(`Building the image (once; a minute or two); this machine is ${standsInFor.join(', ')} ...`);
  const startedMs = performance.now();
  await mkdir(caches, { recursive: true });
  // What was built in part is never taken for the whole: the folder gets its name at the end.
  const draft = await mkdtemp(`${folder}-`);
  try {
    const [folders, root] = [join(draft, 'stages'), join(draft, 'root')];
    await mkdir(root);
    await carryOut(script, [folders, REPOSITORY, root], { env, signal, say });
    const [name, ...alsoNamed] = names;
    const out = join(draft, basename(image.tar));
    await writeImageTar({ root, name, alsoNamed, config, out, keepOwners: true });
    say(`  built in ${secondsSince(startedMs)} s: ${await sizesOf(root, out)}`);
    await Promise.all([folders, root].map((path) => rm(path, { recursive: true })));
    await rename(draft, folder);
  } catch (error) {
    // Somebody else built the same thing in the meantime.
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await forgetOldImages(caches);
  return image;
}

function textOf(file: string): Promise<string> {
  return readFile(join(REPOSITORY, file), 'utf8');
}

/** Of everything that says what comes out: what the Dockerfile copies, how it is carried out here, and for what. */
function digestOf(names: readonly string[]): string {
  const digest = createHash('sha256').update([process.arch, ...names].join('\0'));
  const files = [
    ...SOURCES.map((name) => join(REPOSITORY, name)),
    ...filesBelow(join(REPOSITORY, 'src')),
    ...filesBelow(OURS),
  ];
  for (const file of files) {
    digest.update(`\0${file.slice(REPOSITORY.length)}\0`).update(readFileSync(file));
  }
  return digest.digest('hex').slice(0, 16);
}

function filesBelow(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return paths.filter((path) => lstatSync(path).isFile()).toSorted();
}

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 1000);
}

/** "160 MB: /nodejs 116.0, /app 40.0, ...": the tar, and what is in it by folder. */
async function sizesOf(root: string, tar: string): Promise<string> {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const bytesByName = new Map<string, number>();
  for (const file of filesBelow(root)) {
    const [name = ''] = file.slice(root.length + 1).split('/');
    bytesByName.set(name, (bytesByName.get(name) ?? 0) + lstatSync(file).size);
  }
  const parts = [...bytesByName]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, bytes]) => `/${name} ${megabytes(bytes)}`);
  return `${megabytes((await stat(tar)).size)} MB: ${parts.join(', ')}`;
}

async function forgetOldImages(caches: string): Promise<void> {
  const names = (await readdir(caches)).filter((name) => /^image-[0-9a-f]{16}$/.test(name));
  const folders = names.map((name) => join(caches, name));
  const newestFirst = folders
    .map((path) => ({ path, madeMs: statSync(path).mtimeMs }))
    .toSorted((a, b) => b.madeMs - a.madeMs);
  for (const { path } of newestFirst.slice(KEPT)) await rm(path, { recursive: true, force: true });
}
