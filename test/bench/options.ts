import { parseArgs } from 'node:util';
import type { Size } from './bench-world.ts';

/** What the words after `npm run bench --` mean. */
export interface Options {
  readonly help: boolean;
  /** The command line of the other server; undefined without a comparison. */
  readonly compare: string | undefined;
  readonly sizes: readonly Size[];
  /** Undefined: as many as a size has by itself. */
  readonly rounds: number | undefined;
  readonly quick: boolean;
  /** Whether the result is put into docs/benchmarks.md. */
  readonly write: boolean;
  /** Whether our server is built before. */
  readonly build: boolean;
  /** The micro benches to run, by name; empty: all, where nothing else is asked for. */
  readonly parts: readonly string[];
}

/** A command line that makes no sense, in words for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const PARTS = ['decode', 'store', 'list', 'round'] as const;

const ALL_SIZES = '3x10,100x70,1000x30,5000x30';
const MOST_NODES = 5_000;
const MOST_PODS_PER_NODE = 250;
const MOST_ROUNDS = 20;

export const HELP = `Measures the metrics server.

  npm run bench -- [FLAGS] [${PARTS.join(' | ')} ...]
  npm run bench -- soak [--help]

Without flags: what each step costs, as tables. With --compare our server, as the image runs it, and the one of the command
run in turns against the same simulated cluster; what comes out is a table for each size, and one of the targets.

Flags:
  --compare='COMMAND'  another metrics server: a program and flags of its own, in which {port}, {cert-dir}, {kubelet-ca}
                       and {kubeconfig} are filled in. Unless the command names them, these are added: --secure-port,
                       --bind-address, --cert-dir, --metric-resolution=15s, --kubelet-certificate-authority,
                       --kubelet-use-node-status-port, --kubelet-preferred-address-types=InternalIP; and where a server
                       cannot be started as in a pod (root on Linux can), --kubeconfig, --authentication-kubeconfig and
                       --authorization-kubeconfig. 'none' compares with nobody. The Go server:
                       go install sigs.k8s.io/metrics-server/cmd/metrics-server@v0.9.0
  --size=NxM,...       nodes and pods of each (${ALL_SIZES})
  --rounds=N           lives of each server at each size (3; always one from 5,000 nodes on)
  --no-build           runs what was built before
  --quick              small sizes, in less than two minutes; exit code 1 when a figure breaks its bound
  --write              puts the result into docs/benchmarks.md
  --help               shows this

Exit codes: 0 done, 1 a bound is broken or a served figure wrong, 2 a wrong command line.
`;

/** @throws UsageError naming the flag. */
export function parseOptions(words: readonly string[]): Options {
  const { values, positionals } = readWords(words);
  const unknown = positionals.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) {
    throw new UsageError(`Cannot measure ${unknown.join(', ')}: expected ${PARTS.join(', ')}`);
  }
  if (values.compare?.trim() === '') throw new UsageError('--compare: names no program');
  return {
    help: values.help === true,
    compare: values.compare,
    sizes: (values.size ?? ALL_SIZES).split(',').map((text) => sizeOf(text)),
    rounds: values.rounds === undefined ? undefined : roundsOf(values.rounds),
    quick: values.quick === true,
    write: values.write === true,
    build: values['no-build'] !== true,
    parts: positionals,
  };
}

function sizeOf(text: string): Size {
  const [, nodes, podsPerNode] = /^(\d{1,5})x(\d{1,4})$/.exec(text.trim()) ?? [];
  const size = { nodes: Number(nodes), podsPerNode: Number(podsPerNode) };
  const isFine =
    size.nodes >= 1 &&
    size.nodes <= MOST_NODES &&
    size.podsPerNode >= 1 &&
    size.podsPerNode <= MOST_PODS_PER_NODE;
  if (isFine) return size;
  throw new UsageError(
    `--size: "${text}" is not like 100x70, with at most ${MOST_NODES} nodes and ${MOST_PODS_PER_NODE} pods each`,
  );
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= MOST_ROUNDS) return rounds;
  throw new UsageError(`--rounds: "${text}" is not a whole number from 1 to ${MOST_ROUNDS}`);
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        help: { type: 'boolean' },
        compare: { type: 'string' },
        size: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        write: { type: 'boolean' },
        'no-build': { type: 'boolean' },
      },
    });
  } catch (error) {
    if (Error.isError(error)) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
