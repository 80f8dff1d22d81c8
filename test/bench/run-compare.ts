import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isKept } from './bounds.ts';
import { compare } from './compare.ts';
import { type Contestant, ours, theirs } from './contestant.ts';
import { imageEntry } from './image-entry.ts';
import { type Means, findMeans } from './launch.ts';
import { goModule, machine, percentBusy, surroundingsText } from './machine.ts';
import { fullPace } from './measure.ts';
import { type Options, UsageError } from './options.ts';
import { type QuickResult, boundsTable, quick } from './quick.ts';
import { compareReport } from './report.ts';
import { sizeName } from './targets.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

type Say = (text: string) => void;

/** Small sizes and bounds; returns the report. */
export async function runQuick(
  options: Options,
  progress: Say,
): Promise<QuickResult & { readonly report: string }> {
  const other = otherServer(options);
  const own = ourServer(options);
  const means = findMeans();
  const busy = await percentBusy();
  const result = await quick({ ours: own, theirs: other, means, progress });
  const heading = `${headingOf(own, other, means)} ${busyText(busy)}`;
  // The whole of it only where somebody will want to read it.
  const isTold = other !== undefined || result.bounds.some((bound) => !isKept(bound));
  const report = isTold ? compareReport(result.results, heading) : heading;
  return { ...result, report: `${report}\n\n${boundsTable(result)}` };
}

/** Compares. Says what it is doing, and each size as soon as it is over. */
export async function runCompare(
  options: Options,
  progress: Say,
  say: Say,
): Promise<{ readonly report: string; readonly hasWrongFigures: boolean }> {
  const other = otherServer(options);
  const own = ourServer(options);
  const means = findMeans();
  const busy = await percentBusy();
  const results = await compare({
    ours: own,
    theirs: other,
    sizes: options.sizes,
    rounds: options.rounds,
    means,
    paceAt: fullPace,
    progress,
    sizeDone: (result) => {
      say(`${compareReport([result], `# ${sizeName(result.size)}`)}\n\n`);
    },
  });
  return {
    report: compareReport(results, `${headingOf(own, other, means)} ${busyText(busy)}`),
    hasWrongFigures: results.some(({ ours: rounds }) =>
      rounds.some((figures) => (figures.get('wrongFigures') ?? 0) > 0),
    ),
  };
}

function headingOf(own: Contestant, other: Contestant | undefined, means: Means): string {
  const versions = [`ours: ${own.command.slice(1).join(' ').replaceAll(PROJECT, '')}`];
  if (other) versions.push(`theirs: ${versionOf(other)}`);
  return `${machine()}; ${versions.join('; ')}. ${surroundingsText(means)}`;
}

function busyText(percent: number): string {
  return `Before it began, ${Math.round(percent)} % of the processors' time went to something else.`;
}

/** As the image runs it, built before unless told not to. */
export function ourServer({ build }: Pick<Options, 'build'>): Contestant {
  if (build) {
    const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
      cwd: PROJECT,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new Error('Cannot measure: our server could not be built');
  }
  return ours(imageEntry(readFileSync(`${PROJECT}Dockerfile`, 'utf8')), PROJECT);
}

function otherServer({ compare: command }: Options): Contestant | undefined {
  if (command === undefined || command === 'none') return undefined;
  const contestant = theirs(command);
  const [program = ''] = contestant.command;
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  if (error) throw new UsageError(`--compare: cannot run ${program}: ${error.message}`);
  return contestant;
}

/** What it says of itself; Go's own note of the module says more than the Go server's --version. */
function versionOf({ command }: Contestant): string {
  const [program = ''] = command;
  const path = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' });
  const module = goModule(path.stdout.trim());
  if (module !== undefined) return module;
  return spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.trim();
}
