import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache-folder.ts';

const MODULE = fileURLToPath(new URL('controlplane/', import.meta.url));
const PROGRESS_MS = 15_000;
const LAST_WORDS = 12;

/** Paths of the two programs that the Go module makes. */
export interface Built {
  readonly controlplane: string;
  readonly clients: string;
}

interface Build {
  /** Path of the go command. */
  readonly go: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Builds the Go module beside this file, once for each state of its sources: 6 to 7 minutes on two cores when
 * nothing is cached. Rejects with the compiler's last words.
 */
export async function buildPrograms({ go, env, signal, say }: Build): Promise<Built> {
  const folder = await cacheFolder(env, digestOfSources(), (draft) =>
    compile({ go, env, signal, say }, draft),
  );
  return { controlplane: join(folder, 'controlplane'), clients: join(folder, 'clients') };
}

/** Of go.sum, of our own sources and of the linker's flags, which together say what comes out. */
function digestOfSources(): string {
  const digest = createHash('sha256').update(`${linkerFlags()}\0`);
  const names = readdirSync(MODULE, { recursive: true }).map(String).toSorted();
  for (const name of names.filter((each) => /\.(?:go|mod|sum)$/.test(each))) {
    digest.update(`${name}\0`).update(readFileSync(join(MODULE, name)));
  }
  return digest.digest('hex').slice(0, 16);
}

async function compile({ go, env, signal, say }: Build, folder: string): Promise<void> {
  const startedMs = performance.now();
  say('Building the control plane with Go (once; some minutes) ...');
  const child = spawn(
    go,
    ['build', '-v', '-trimpath', `-ldflags=${linkerFlags()}`, '-o', `${folder}/`, './...'],
    {
      cwd: MODULE,
      // Go's own drafts lie in ours, so that nothing of them stays when it is ended.
      env: { ...env, CGO_ENABLED: '0', GOFLAGS: goFlags(env), GOWORK: 'off', GOTMPDIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
    },
  );
  let packages = 0;
  const words: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    packages += 1;
    words.push(line);
    if (words.length > LAST_WORDS) words.shift();
  });
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    say(`  ${seconds} s: ${packages} packages, last ${words.at(-1) ?? 'none yet'}`);
  }, PROGRESS_MS);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`go build failed. Its last words:\n${words.join('\n')}`);
  } finally {
    clearInterval(progress);
  }
  say(`  built in ${Math.round((performance.now() - startedMs) / 1000)} s`);
}

/** What the user set stays, but the modules are exactly those of go.sum. */
function goFlags(env: NodeJS.ProcessEnv): string {
  return `${env['GOFLAGS'] ?? ''} -mod=readonly -buildvcs=false`.trim();
}

/**
 * Without a version, kubectl cannot parse what /version answers, and clients call themselves v0.0.0. The library
 * of clients keeps a version of its own.
 */
function linkerFlags(): string {
  const [, major, minor, patch] =
    /^\tk8s\.io\/kubernetes v(\d+)\.(\d+)\.(\d+)$/m.exec(
      readFileSync(join(MODULE, 'go.mod'), 'utf8'),
    ) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) {
    throw new Error('test/e2e/controlplane/go.mod names no version of k8s.io/kubernetes');
  }
  const variables = {
    gitVersion: `v${major}.${minor}.${patch}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: 'unknown',
  };
  const version = Object.entries(variables).flatMap(([name, value]) =>
    ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].map(
      (at) => `-X ${at}.${name}=${value}`,
    ),
  );
  return ['-s', '-w', ...version].join(' ');
}
