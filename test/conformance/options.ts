import { parseArgs } from 'node:util';
import type { Address } from './ask.ts';
import { OWN_EXCHANGES } from './exchanges.ts';

/** What the words after `npm run conformance --` mean. */
export interface Options {
  readonly help: boolean;
  /** Starts the cluster and leaves the rest to others. */
  readonly clusterOnly: boolean;
  /** Another server than ours, which somebody else has started. */
  readonly target: Address | undefined;
  /** Where the identities' files are read from (--target) or written to (--cluster-only). */
  readonly identities: string;
  readonly exchanges: string;
  readonly topics: readonly string[];
  readonly ids: readonly number[];
  readonly sources: readonly string[];
  readonly deviations: boolean;
}

/** A command line that makes no sense, in words for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const SOURCES = ['resource', 'summary'] as const;

export const HELP = `Replays the exchanges that were recorded with the real metrics-server, and compares every answer.

  npm run conformance -- [FLAGS]

Without --target it loads the recorded world into the simulated cluster, starts our server against it, once for
each source of figures, and replays everything on both. Closes with a table and exit code 1 if anything is wrong.

Flags:
  --topic=TOPIC       only exchanges of this topic; may be repeated
  --id=ID             only this exchange; may be repeated
  --source=SOURCE     only with --kubelet-metrics-source=SOURCE: resource or summary; may be repeated
  --exchanges=DIR     another folder of exchanges (default: the project's own)
  --no-deviations     nothing may differ on purpose
  --target=URL        a server that runs already, like https://127.0.0.1:14443; it has to see the recorded world
  --identities=DIR    certificates, keys and tokens of who asks (default .conformance/identities)
  --cluster-only      starts the cluster alone, for a server of your own, and says how to go on
  --help              shows this
`;

/** @throws UsageError naming the flag. */
export function parseOptions(words: readonly string[]): Options {
  const { values } = readWords(words);
  const ids = (values.id ?? []).map((text) => {
    if (!/^\d+$/.test(text)) throw new UsageError(`--id: expected a whole number, got "${text}"`);
    return Number(text);
  });
  for (const source of values.source ?? []) {
    if (!SOURCES.some((known) => known === source)) {
      throw new UsageError(`--source: expected ${SOURCES.join(' or ')}, got "${source}"`);
    }
  }
  if (values['cluster-only'] === true && values.target !== undefined) {
    throw new UsageError('--cluster-only: the server that --target names has its cluster already');
  }
  return {
    help: values.help === true,
    clusterOnly: values['cluster-only'] === true,
    target: values.target === undefined ? undefined : addressOf(values.target),
    identities: values.identities ?? '.conformance/identities',
    exchanges: values.exchanges ?? OWN_EXCHANGES,
    topics: values.topic ?? [],
    ids,
    sources: values.source ?? SOURCES,
    deviations: values['no-deviations'] !== true,
  };
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        help: { type: 'boolean' },
        'cluster-only': { type: 'boolean' },
        'no-deviations': { type: 'boolean' },
        target: { type: 'string' },
        identities: { type: 'string' },
        exchanges: { type: 'string' },
        topic: { type: 'string', multiple: true },
        id: { type: 'string', multiple: true },
        source: { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    if (Error.isError(error)) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function addressOf(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/') {
    throw new UsageError(`--target: expected https://HOST:PORT, got "${text}"`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: url.port === '' ? 443 : Number(url.port) };
}
