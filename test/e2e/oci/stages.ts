import type { Instruction, Stage } from './dockerfile.ts';
import type { ImageConfig } from './image-tar.ts';

/** How a shell without Docker makes the files of a stage. */
export interface Recipe {
  /** What this machine's root stands in for, such as `node:24-bookworm-slim`; each is named once. */
  readonly standsInFor: readonly string[];
  /** For /bin/sh, as root in a mount namespace of its own. Its `$1` to `$4` are in `stageScript`. */
  readonly script: string;
  /** What the last stage says of how a container starts. */
  readonly config: ImageConfig;
}

/**
 * Carries stages out without a daemon: each is an overlay of what it is based on; a base that is neither a stage nor
 * `scratch` is this machine's own root, so that RUN runs exactly as written. All that is written goes into a file
 * system in memory, which ends with the namespace.
 *
 * Parameters of the script: `$1` an empty folder to mount on, `$2` the folder of the Dockerfile, `$3` the folder that
 * receives the files of the target. It writes what it is about to do to file descriptor 3, a line each, and exits with
 * `CANNOT_MOUNT` when it may not mount.
 * @throws Error when a stage is missing, or for what cannot be done this way, with the line
 */
export function recipeOf(stages: readonly Stage[], target: string): Recipe {
  const needed = neededStages(stages, target);
  const bases = needed.map(({ base }) => base).filter((base) => isMachine(base, needed));
  const lines = needed.flatMap((stage) => linesOf(stage, needed));
  return {
    standsInFor: [...new Set(bases)],
    script: [PRELUDE, ...lines, `cp -a ${quote(`${target}/root/.`)} "$3"`, ''].join('\n'),
    config: configOf(target, needed),
  };
}

/** Exit code of a script that may not mount: neither a mistake of the Dockerfile nor of this code. */
export const CANNOT_MOUNT = 71;
/** More than a build takes: node_modules with all tools, and what is made of them. */
const MEMORY = '4g';

const PRELUDE = `set -eu
exec 2>&1
umask 022
context=$2
mount -t tmpfs -o size=${MEMORY},mode=755 tmpfs "$1" || exit ${CANNOT_MOUNT}
cd "$1"
mkdir empty

say() { printf '%s\\n' "$1" >&3; }

# stage NAME LOWER: an overlay at NAME/root
stage() {
  mkdir "$1" "$1/upper" "$1/work" "$1/root"
  mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$1/root" || exit ${CANNOT_MOUNT}
}

# machine NAME: what programs need besides the files of the root's own file system
machine() {
  mount -t proc proc "$1/root/proc" || exit ${CANNOT_MOUNT}
  mount --rbind /dev "$1/root/dev" || exit ${CANNOT_MOUNT}
  for file in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$file" ] || cp --remove-destination --dereference "$file" "$1/root$file"
  done
}

# fresh PATH: a folder of the machine would get into the image
fresh() {
  [ ! -e "$1" ] || { echo "This machine has a folder $1 of its own" >&2; exit 1; }
}

# inside ROOT PATH: the path below the root, out of which no link may lead
inside() {
  case $(realpath -m "$1/$2")/ in
    "$(realpath "$1")"/*) printf '%s/%s' "$1" "$2" ;;
    *) echo "$2 leads out of $1" >&2; exit 1 ;;
  esac
}

# copy OWNER FROM TO: as COPY does: of a folder what is in it, otherwise the file
copy() {
  rm -rf copied
  cp -a "$2" copied
  chown -hR "$1" copied
  if [ -d "$2" ]; then
    mkdir -p "$3"
    cp -a copied/. "$3"
  else
    case $3 in */) file=$3$(basename "$2") ;; *) file=$3 ;; esac
    mkdir -p "$(dirname "$file")"
    cp -aT copied "$file"
  fi
}

# run NAME FOLDER COMMAND [NAME=VALUE...]
run() {
  root=$1/root folder=$2 command=$3
  shift 3
  chroot "$root" /usr/bin/env "$@" /bin/sh -c 'cd "$1" && exec /bin/sh -c "$2"' sh "$folder" "$command" 3>&-
}
`;

/** The target and all that it is made of, in the order of the Dockerfile. */
function neededStages(stages: readonly Stage[], target: string): Stage[] {
  const needed = new Set<string>();
  const waiting = [target];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (needed.has(name)) continue;
    const stage = stages.find((one) => one.name === name);
    if (stage === undefined) throw new Error(`Dockerfile: there is no stage "${name}"`);
    needed.add(name);
    if (stages.some((one) => one.name === stage.base)) waiting.push(stage.base);
    for (const each of stage.instructions)
      if (each.kind === 'COPY' && each.from !== undefined) waiting.push(each.from);
  }
  return stages.filter(({ name }) => needed.has(name));
}

function isMachine(base: string, stages: readonly Stage[]): boolean {
  return base !== 'scratch' && !stages.some(({ name }) => name === base);
}

/** The mount option of what lies under a stage, the nearest first. */
function lowerOf({ base }: Stage, stages: readonly Stage[]): string {
  if (base === 'scratch') return 'empty';
  const below = stages.find(({ name }) => name === base);
  return below === undefined ? '/' : `${below.name}/upper:${lowerOf(below, stages)}`;
}

function standsOnMachine(stage: Stage, stages: readonly Stage[]): boolean {
  return lowerOf(stage, stages).endsWith('/');
}

/** The stage's own lines of the script. */
function linesOf(stage: Stage, stages: readonly Stage[]): string[] {
  const { name, base } = stage;
  const onMachine = standsOnMachine(stage, stages);
  const lines = [`stage ${quote(name)} ${quote(lowerOf(stage, stages))}`];
  if (onMachine) lines.push(`machine ${quote(name)}`);
  const below = stages.some((one) => one.name === base) ? configOf(base, stages) : {};
  let config: ImageConfig = below;
  for (const each of stage.instructions) {
    config = configAfter(config, each);
    lines.push(...linesFor(each, { name, onMachine, config }));
  }
  return lines;
}

interface Place {
  readonly name: string;
  readonly onMachine: boolean;
  readonly config: ImageConfig;
}

function linesFor(each: Instruction, place: Place): string[] {
  switch (each.kind) {
    case 'RUN':
      return runLines(each, place);
    case 'COPY':
      return copyLines(each, place);
    case 'WORKDIR':
      return [
        ...(place.onMachine ? [`fresh ${quote(each.value)}`] : []),
        `mkdir -p ${quote(`${place.name}/root${each.value}`)}`,
      ];
    case 'ENV':
    case 'USER':
    case 'ENTRYPOINT':
    case 'CMD':
      return [];
  }
}

function runLines(
  { line, command }: Extract<Instruction, { kind: 'RUN' }>,
  { name, onMachine, config }: Place,
): string[] {
  const refuse = (why: string): never => {
    throw new Error(`Dockerfile:${line}: RUN: cannot be carried out ${why}`);
  };
  if (!onMachine) refuse('in a stage without a shell');
  if (config.User !== undefined) refuse(`as user ${config.User}`);
  const words = [name, config.WorkingDir ?? '/', command, ...(config.Env ?? [])];
  return [say(name, `RUN ${command}`), `run ${words.map(quote).join(' ')}`];
}

function copyLines(
  { from, owner, sources, target }: Extract<Instruction, { kind: 'COPY' }>,
  { name, config }: Place,
): string[] {
  const root = from === undefined ? '"$context"' : quote(`${from}/root`);
  const path = target.startsWith('/') ? target : `${config.WorkingDir ?? '/'}/${target}`;
  return [
    say(name, `COPY ${sources.join(' ')} ${target}`),
    `to=$(inside ${quote(`${name}/root`)} ${quote(path)})`,
    ...sources.flatMap((source) => [
      `from=$(inside ${root} ${quote(source)})`,
      `copy ${quote(owner)} "$from" "$to"`,
    ]),
  ];
}

/** What a stage, with all that it is based on, says of how a container starts. */
function configOf(name: string, stages: readonly Stage[]): ImageConfig {
  const stage = stages.find((one) => one.name === name);
  if (stage === undefined) return {};
  return stage.instructions.reduce(configAfter, configOf(stage.base, stages));
}

function configAfter(config: ImageConfig, each: Instruction): ImageConfig {
  switch (each.kind) {
    case 'ENV': {
      const old = new Map((config.Env ?? []).map((word) => [nameOf(word), word]));
      for (const word of each.variables) old.set(nameOf(word), word);
      return { ...config, Env: [...old.values()] };
    }
    case 'WORKDIR':
      return { ...config, WorkingDir: each.value };
    case 'USER':
      return { ...config, User: each.value };
    case 'ENTRYPOINT':
      return { ...config, Entrypoint: each.words };
    case 'CMD':
      return { ...config, Cmd: each.words };
    case 'RUN':
    case 'COPY':
      return config;
  }
}

/** `NAME` of `NAME=value`. */
function nameOf(variable: string): string {
  return variable.slice(0, variable.indexOf('='));
}

function say(stage: string, what: string): string {
  const short = what.length > PROGRESS_WIDTH ? `${what.slice(0, PROGRESS_WIDTH)} ...` : what;
  return `say ${quote(`${stage}: ${short}`)}`;
}

const PROGRESS_WIDTH = 90;

/** One word for a shell, whatever is in it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
