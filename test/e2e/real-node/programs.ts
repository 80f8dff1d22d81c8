import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { programOnPath } from '../programs.ts';
import { unpackedPackages } from './debian.ts';
import { isStatic } from './elf.ts';

/** Each program that a node needs, and the Debian package that has it; busybox has to be a static one. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['containerd', 'containerd'],
  ['containerd-shim-runc-v2', 'containerd'],
  ['ctr', 'containerd'],
  ['runc', 'runc'],
  ['ip', 'iproute2'],
  ['iptables', 'iptables'],
  ['iptables-save', 'iptables'],
  ['iptables-restore', 'iptables'],
]);
const CNI_PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap'];
const CNI_PACKAGE = 'containernetworking-plugins';
const CNI_FOLDERS = ['/opt/cni/bin', '/usr/lib/cni'];
const BUSYBOX_PACKAGE = 'busybox-static';
const UTILITIES = ['unshare', 'setpriv', 'mount'];

/** There can be no real node here. The message is one sentence with the remedy. */
export class NoRealNodeError extends Error {
  override readonly name = 'NoRealNodeError';
}

/** What a node needs beside its kubelet. */
export interface NodePrograms {
  /** Paths of `containerd`, `ctr`, `runc`, `ip`, `iptables` and so on, by name. */
  path(name: string): string;
  /** The path of one that needs no libraries, so that it can be an image of its own. */
  readonly busybox: string;
  /** The folder of the CNI plugins. */
  readonly cniFolder: string;
  /** What all of them have to be run with: PATH, and where their libraries are. */
  readonly env: NodeJS.ProcessEnv;
}

interface Wanted {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * The programs on PATH; those that are not there from Debian's packages, unpacked into the cache folder.
 * @throws NoRealNodeError when this machine cannot have a node.
 */
export async function findNodePrograms({ signal, say, ...wanted }: Wanted): Promise<NodePrograms> {
  // Not everybody's PATH names them, not even root's.
  const env = { ...wanted.env, PATH: `${wanted.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new NoRealNodeError('A real node needs Linux and root: run this test as root on Linux');
  }
  const lacking = UTILITIES.find((name) => programOnPath(name, env) === undefined);
  if (lacking !== undefined) {
    throw new NoRealNodeError(`There is no ${lacking} on PATH: install util-linux and mount`);
  }
  await tryNamespaces(env);
  const packages = missingPackages(env);
  if (packages.length === 0) return programsOf(env, undefined);
  try {
    const folder = await unpackedPackages({ packages, env, signal, say });
    return programsOf(await environmentWith(folder, env), folder);
  } catch (cause) {
    signal.throwIfAborted();
    const reason = Error.isError(cause) ? cause.message : String(cause);
    throw new NoRealNodeError(
      `A real node needs the Debian packages ${packages.join(', ')}, which apt-get could not download: install them, or what they hold (${reason.trim()})`,
      { cause },
    );
  }
}

/** Containers often may not make any. */
async function tryNamespaces(env: NodeJS.ProcessEnv): Promise<void> {
  const words = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--', 'true'];
  try {
    await promisify(execFile)('unshare', words, { env });
  } catch (cause) {
    const reason = Error.isError(cause) ? cause.message.trim() : String(cause);
    throw new NoRealNodeError(
      `A real node needs namespaces of its own, which this machine does not allow: run this test with more privileges (${reason})`,
      { cause },
    );
  }
}

function missingPackages(env: NodeJS.ProcessEnv): string[] {
  const missing = [...PACKAGES].flatMap(([name, of]) =>
    programOnPath(name, env) === undefined ? [of] : [],
  );
  if (cniFolderOf(CNI_FOLDERS) === undefined) missing.push(CNI_PACKAGE);
  if (staticBusybox(env) === undefined) missing.push(BUSYBOX_PACKAGE);
  return [...new Set(missing)];
}

function staticBusybox(env: NodeJS.ProcessEnv): string | undefined {
  const path = programOnPath('busybox', env);
  return path !== undefined && isStatic(readFileSync(path)) ? path : undefined;
}

function cniFolderOf(folders: readonly string[]): string | undefined {
  return folders.find((folder) => CNI_PLUGINS.every((name) => existsSync(join(folder, name))));
}

function programsOf(env: NodeJS.ProcessEnv, unpacked: string | undefined): NodePrograms {
  const cniFolder = cniFolderOf(
    unpacked === undefined ? CNI_FOLDERS : [...CNI_FOLDERS, join(unpacked, 'usr/lib/cni')],
  );
  if (cniFolder === undefined) throw new Error(`There are no ${CNI_PLUGINS.join(', ')}`);
  const busybox =
    staticBusybox(env) ?? (unpacked === undefined ? undefined : programIn(unpacked, 'busybox'));
  if (busybox === undefined) throw new Error('There is no static busybox');
  return {
    busybox,
    cniFolder,
    env,
    path(name) {
      const path = programOnPath(name, env);
      if (path === undefined) throw new Error(`There is no program ${name}`);
      return path;
    },
  };
}

const PROGRAM_FOLDERS = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];

function programIn(folder: string, name: string): string | undefined {
  return PROGRAM_FOLDERS.map((each) => join(folder, each, name)).find((path) => existsSync(path));
}

/** With the programs and libraries of unpacked packages behind those of the machine. */
async function environmentWith(folder: string, env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const links = await linkIptables(folder);
  const programs = PROGRAM_FOLDERS.map((name) => join(folder, name));
  const libraries = await libraryFolders(folder);
  const xtables = libraries.map((name) => join(name, 'xtables')).filter((name) => existsSync(name));
  return {
    ...env,
    PATH: [env['PATH'] ?? '', links, ...programs].join(':'),
    LD_LIBRARY_PATH: [env['LD_LIBRARY_PATH'] ?? '', ...libraries].filter(Boolean).join(':'),
    // iptables looks for its extensions where the package would have been installed
    ...(xtables.length > 0 && { XTABLES_LIBDIR: xtables.join(':') }),
  };
}

/** `iptables` itself is a link that only installing the package makes. */
async function linkIptables(folder: string): Promise<string> {
  const links = join(folder, 'links');
  await mkdir(links, { recursive: true });
  const made = await readdir(links);
  for (const family of ['iptables', 'ip6tables']) {
    for (const name of [family, `${family}-save`, `${family}-restore`]) {
      if (!made.includes(name)) {
        await symlink('../usr/sbin/xtables-nft-multi', join(links, name));
      }
    }
  }
  return links;
}

/** `usr/lib/x86_64-linux-gnu` and the like. */
async function libraryFolders(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const parent of ['usr/lib', 'lib']) {
    const path = join(folder, parent);
    if (!existsSync(path)) continue;
    const names = await readdir(path);
    found.push(
      ...names.filter((name) => name.endsWith('-linux-gnu')).map((name) => join(path, name)),
    );
  }
  return found;
}
