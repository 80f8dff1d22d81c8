import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../cache-folder.ts';
import { carryOut, refuseMachine } from './carry-out.ts';
import { refuseIgnored } from './context.ts';
import { parseDockerfile } from './dockerfile.ts';
import { fullName } from './image-name.ts';
import { type ImageConfig, writeImageTar } from './image-tar.ts';
import { type Recipe, recipeOf } from './stages.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const OURS = fileURLToPath(new URL('./', import.meta.url));
const SOURCES = [
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];
const TAR = 'image.tar';
/** How many images stay in the cache, those that were used last: other checkouts may be using them. */
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
 * Builds the stage `server` of the Dockerfile, once for each state of what goes into it and for each list of names: half
 * a minute on two cores. Nothing outside the cache folder changes.
 * @throws NoImageBuildError where there is no root, or what it needs may not be mounted
 */
export async function buildServerImage(build: Build): Promise<ServerImage> {
  const { names, env } = build;
  const stages = parseDockerfile(await textOf('Dockerfile'));
  refuseIgnored(stages, await textOf('.dockerignore'));
  const recipe = recipeOf(stages, 'server');
  const folder = await cacheFolder(env, `image-${digestOf(names)}`, async (draft) => {
    refuseMachine(env);
    await make(recipe, draft, build);
  });
  await utimes(folder, new Date(), new Date());
  await forgetOldImages(dirname(folder));
  return { tar: join(folder, TAR), names: names.map(fullName), config: recipe.config };
}

/** Leaves the tar, and nothing else, in the folder. */
async function make(recipe: Recipe, draft: string, build: Build): Promise<void> {
  const { say } = build;
  const { script, config, standsInFor } = recipe;
  say(`Building the image (once); this machine stands in for ${standsInFor.join(', ')} ...`);
  const startedMs = performance.now();
  const [folders, root] = [join(draft, 'stages'), join(draft, 'root')];
  await mkdir(root);
  await carryOut(script, [folders, REPOSITORY, root], build);
  const [name, ...alsoNamed] = build.names;
  const out = join(draft, TAR);
  await writeImageTar({ root, name, alsoNamed, config, out, keepOwners: true });
  say(`  built in ${secondsSince(startedMs)} s: ${await sizesOf(root, out)}`);
  await Promise.all([folders, root].map((path) => rm(path, { recursive: true })));
}

function textOf(file: string): Promise<string> {
  return readFile(join(REPOSITORY, file), 'utf8');
}

/** Of everything that says what comes out: what the Dockerfile copies, how it is carried out here, and for what. */
function digestOf(names: readonly string[]): string {
  const digest = createHash('sha256').update([process.arch, ...names].join('\0'));
  const files = [
    ...SOURCES.map((name) => join(REPOSITORY, name)),
    ...['scripts', 'src'].flatMap((name) => filesBelow(join(REPOSITORY, name))),
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
    .map((path) => ({ path, usedMs: statSync(path).mtimeMs }))
    .toSorted((a, b) => b.usedMs - a.usedMs);
  for (const { path } of newestFirst.slice(KEPT)) await rm(path, { recursive: true, force: true });
}
