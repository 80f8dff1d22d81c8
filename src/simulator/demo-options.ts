import { faultHelp, parseFault, type Fault } from './faults.ts';

/** What the words after `npm run demo --` mean. */
export interface DemoOptions {
  readonly help: boolean;
  readonly nodes: number;
  /** Undefined: 60 pods in all. */
  readonly podsPerNode: number | undefined;
  /** Of the kube-apiserver; 0 is any free one. */
  readonly port: number;
  readonly faults: readonly { readonly fault: Fault; readonly nodeName: string | undefined }[];
  /** Captured answers of a kubelet, replayed by one more node. */
  readonly replay: readonly string[];
  /** A folder with a given world instead of a generated one. */
  readonly world: string | undefined;
  /** Where kubeconfigs and logs are written, relative to the working directory. */
  readonly folder: string;
}

/** Everything that is wrong with a command line, one sentence each. */
export class DemoUsageError extends Error {
  override readonly name = 'DemoUsageError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const DEFAULT_NODES = 5;
const MAX_NODES = 5000;
const MAX_PODS_PER_NODE = 500;

type Draft = { -readonly [Name in keyof DemoOptions]: DemoOptions[Name] } & { given: Set<string> };

interface DemoFlag {
  /** What stands for its value in the help; '' for a flag without one. */
  readonly value: string;
  /** Takes all words up to the next flag. */
  readonly takesMany?: boolean;
  readonly help: string;
  /** @throws RangeError whose message says what was expected. */
  read(text: string, draft: Draft): void;
}

const FLAGS: ReadonlyMap<string, DemoFlag> = new Map<string, DemoFlag>([
  [
    'nodes',
    {
      value: 'N',
      help: `nodes of the cluster (default ${DEFAULT_NODES})`,
      read: (text, draft) => {
        draft.nodes = wholeNumber(text, 1, MAX_NODES);
      },
    },
  ],
  [
    'pods-per-node',
    {
      value: 'M',
      help: 'running pods on every node (default: 60 pods in all)',
      read: (text, draft) => {
        draft.podsPerNode = wholeNumber(text, 0, MAX_PODS_PER_NODE);
      },
    },
  ],
  [
    'port',
    {
      value: 'P',
      help: 'port of the simulated kube-apiserver on 127.0.0.1 (default: any free one)',
      read: (text, draft) => {
        draft.port = wholeNumber(text, 0, 65_535);
      },
    },
  ],
  [
    'fault',
    {
      value: 'KIND[=VALUE][:NODE]',
      help: 'what is wrong with a kubelet (default NODE: the last one; "all" means every one); may be repeated',
      read: (text, draft) => {
        draft.faults = [...draft.faults, parseFault(text)];
      },
    },
  ],
  [
    'replay',
    {
      value: 'FILE...',
      takesMany: true,
      help: 'one more node, which answers with captured /stats/summary or /metrics/resource bodies, one a scrape',
      read: (text, draft) => {
        draft.replay = [...draft.replay, text];
      },
    },
  ],
  [
    'world',
    {
      value: 'FOLDER',
      help: 'a given world instead of a generated one: nodes.json, pods.json, namespaces.json, kubelet/',
      read: (text, draft) => {
        draft.world = text;
      },
    },
  ],
  [
    'folder',
    {
      value: 'PATH',
      help: 'where kubeconfigs and logs are written (default .demo)',
      read: (text, draft) => {
        draft.folder = text;
      },
    },
  ],
  [
    'help',
    {
      value: '',
      help: 'show this',
      read: (_, draft) => {
        draft.help = true;
      },
    },
  ],
]);

/** Reads `--flag=value` and `--flag value`. @throws DemoUsageError with everything that is wrong. */
export function parseDemoOptions(argv: readonly string[]): DemoOptions {
  const draft: Draft = {
    help: false,
    nodes: DEFAULT_NODES,
    podsPerNode: undefined,
    port: 0,
    faults: [],
    replay: [],
    world: undefined,
    folder: '.demo',
    given: new Set(),
  };
  const problems: string[] = [];
  const words = [...argv];
  while (words.length > 0) readFlag(words, draft, problems);
  problems.push(...contradictions(draft));
  if (problems.length > 0 && !draft.help) throw new DemoUsageError(problems);
  return draft;
}

/** Takes one flag with its values from the front of the words. */
function readFlag(words: string[], draft: Draft, problems: string[]): void {
  const word = words.shift() ?? '';
  const [name, inline] = nameAndValue(word);
  const flag = FLAGS.get(name);
  if (!flag) {
    const known = [...FLAGS.keys()].map((flagName) => `--${flagName}`).join(', ');
    problems.push(`unknown word "${word}": expected one of ${known}`);
    return;
  }
  draft.given.add(name);
  const values = valuesOf(flag, inline, words);
  if (flag.value === '' && inline !== undefined) {
    problems.push(`--${name}: takes no value, got "${inline}"`);
  } else if (flag.value !== '' && values.length === 0) {
    problems.push(`--${name}: expected ${flag.value}`);
  }
  for (const value of flag.value === '' ? [''] : values) {
    const problem = problemOf(() => {
      flag.read(value, draft);
    });
    if (problem !== undefined) problems.push(`--${name}: ${problem}`);
  }
}

/** `--name=value`, or `--name`; the name is '' for any other word. */
function nameAndValue(word: string): [name: string, value: string | undefined] {
  const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  return [name, value];
}

function problemOf(read: () => void): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** `--replay=A B` is as good as `--replay A B`. */
function valuesOf(flag: DemoFlag, inline: string | undefined, words: string[]): string[] {
  if (inline === undefined) return takeValues(words, flag);
  return flag.takesMany === true ? [inline, ...takeValues(words, flag)] : [inline];
}

/** The words before the next flag: none, one or all of them. */
function takeValues(words: string[], { value, takesMany = false }: DemoFlag): string[] {
  const values: string[] = [];
  const most = value === '' ? 0 : takesMany ? Number.POSITIVE_INFINITY : 1;
  while (values.length < most && words[0] !== undefined && !words[0].startsWith('--')) {
    values.push(words.shift() ?? '');
  }
  return values;
}

function contradictions({ world, given }: Draft): string[] {
  if (world === undefined) return [];
  return ['nodes', 'pods-per-node']
    .filter((name) => given.has(name))
    .map((name) => `--${name}: a given world (--world) brings its own nodes and pods`);
}

function wholeNumber(text: string, least: number, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) {
    throw new RangeError(`expected a whole number from ${least} to ${most}, got "${text}"`);
  }
  return number;
}

export function demoHelp(): string {
  const rows = [...FLAGS].map(([name, { value, help }]) => {
    const flag = value === '' ? `--${name}` : `--${name}=${value}`;
    return `  ${flag.padEnd(28)} ${help}`;
  });
  const faults = faultHelp()
    .split('\n')
    .map((line) => `  ${line}`);
  return [
    'Starts a simulated cluster and the real metrics-server against it, and shows what it serves.',
    '',
    '  npm run demo -- [FLAGS]',
    '',
    'Flags:',
    ...rows,
    '',
    'Faults of kubelets:',
    ...faults,
    '',
  ].join('\n');
}
