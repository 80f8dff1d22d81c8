import { parseArgs } from 'node:util';
import { UsageError } from '../options.ts';

/** What the words after `npm run bench -- soak` mean. */
export interface SoakWords {
  readonly help: boolean;
  readonly minutes: number;
  readonly nodes: number;
  readonly podsPerNode: number;
  readonly build: boolean;
  /** Where heap snapshots of the middle and the end are written; undefined: none are. */
  readonly snapshotFolder: string | undefined;
}

const MOST_MINUTES = 240;
const MOST_NODES = 1_000;
const MOST_PODS_PER_NODE = 100;

export const SOAK_HELP = `Watches our server, as the image runs it, in a cluster in which everything changes and fails all the time.

  npm run bench -- soak [FLAGS]

Pods, nodes, names and labels come and go, kubelets fail in every way, the kube-apiserver breaks off and forgets, and clients
of all kinds ask meanwhile. What is looked at: memory, live heap, open files and self-metrics of the middle of the time
against those of its end, every answer's status, and 1 % of all figures against what the kubelets answered.

Flags:
  --minutes=N              how long (20)
  --size=NxM               nodes, and pods of each (250x30)
  --no-build               runs what was built before
  --heap-snapshots=FOLDER  writes one of the middle and one of the end, for the developer tools of a browser
  --help                   shows this

Exit codes: 0 all bounds are kept, 1 one is broken, 2 a wrong command line.
`;

/** @throws UsageError naming the flag. */
export function parseSoakWords(words: readonly string[]): SoakWords {
  const values = readWords(words);
  const [, nodes, podsPerNode] = /^(\d{1,4})x(\d{1,3})$/.exec(values.size ?? '250x30') ?? [];
  if (!isWithin(nodes, MOST_NODES) || !isWithin(podsPerNode, MOST_PODS_PER_NODE)) {
    throw new UsageError(
      `--size: "${values.size ?? ''}" is not like 250x30, with at most ${MOST_NODES} nodes and ${MOST_PODS_PER_NODE} pods each`,
    );
  }
  const minutes = values.minutes ?? '20';
  if (!isWithin(minutes, MOST_MINUTES)) {
    throw new UsageError(`--minutes: "${minutes}" is not a whole number from 1 to ${MOST_MINUTES}`);
  }
  return {
    help: values.help === true,
    minutes: Number(minutes),
    nodes: Number(nodes),
    podsPerNode: Number(podsPerNode),
    build: values['no-build'] !== true,
    snapshotFolder: values['heap-snapshots'],
  };
}

function isWithin(text: string | undefined, most: number): boolean {
  const number = Number(text);
  return Number.isInteger(number) && number >= 1 && number <= most;
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        help: { type: 'boolean' },
        minutes: { type: 'string' },
        size: { type: 'string' },
        'no-build': { type: 'boolean' },
        'heap-snapshots': { type: 'string' },
      },
    }).values;
  } catch (error) {
    if (Error.isError(error)) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
