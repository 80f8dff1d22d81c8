import { aSummary, kubeletBytes } from '../support/summaries.ts';
import { Children, firstLine } from './children.ts';
import type { ClusterAddress } from './cluster-address.ts';
import type { Figures } from './figures.ts';
import type { Means } from './launch.ts';
import { LoadClient } from './load-client-process.ts';
import { readCpuMs } from './proc.ts';
import { freePort } from './server-run.ts';
import { median } from './statistics.ts';

/** What the same machine needs for plain work of the same size, in the same minutes. */
export interface Reference {
  /** JSON.parse of one kubelet's answer, ms. */
  readonly parseMs: number;
  /** An answer of as many bytes, from a plain node:https server. */
  readonly answers: ReadonlyMap<ReferenceAnswer, PlainAnswer>;
}

export interface PlainAnswer {
  /** CPU of that server for one. */
  readonly cpuMs: number;
  /** Until its last byte. */
  readonly p50Ms: number;
}

export const REFERENCE_ANSWERS = ['allJson', 'allProtobuf', 'allTable', 'selector', 'pod'] as const;
export type ReferenceAnswer = (typeof REFERENCE_ANSWERS)[number];

const PARSES = 60;
const POD_BYTES = 700;
const LARGE_BYTES = 200_000;
const LARGE_EVERY_MS = 50;
const ANSWERS_MS = 600;

/** Measures it where the servers ran, with the client that asked them, for the sizes of the answers that they gave. */
export async function measureReference(
  podsPerNode: number,
  figures: Figures,
  cluster: Pick<ClusterAddress, 'admin'>,
  means: Means,
): Promise<Reference> {
  await using house = new AsyncDisposableStack();
  const children = new Children(means.pins, house);
  const port = await freePort();
  const server = children.startScript('reference-server.ts', [String(port)], 'lines', 'server');
  await firstLine(server);
  const client = await LoadClient.start(children, port, cluster);
  const answers = new Map<ReferenceAnswer, PlainAnswer>();
  for (const name of REFERENCE_ANSWERS) {
    const megabytes = name === 'pod' ? POD_BYTES / 1e6 : figures.get(`${name}Mb`);
    // An answer that was never had is compared with nothing.
    if (megabytes === undefined) continue;
    const bytes = Math.round(megabytes * 1e6);
    // Large ones as the lists are asked for: one now and then.
    const everyMs = bytes >= LARGE_BYTES ? LARGE_EVERY_MS : 0;
    const load = {
      ...{ paths: [`/${bytes}`], accept: 'application/json', connections: 1, isPaged: false },
      ...{ atLeast: 1, forMs: ANSWERS_MS, everyMs, countsWaiting: false },
    };
    await client.load(load);
    const cpuMs = readCpuMs(server.pid ?? 0);
    const { latenciesMs } = await client.load(load);
    answers.set(name, {
      cpuMs: (readCpuMs(server.pid ?? 0) - cpuMs) / latenciesMs.length,
      p50Ms: median(latenciesMs),
    });
  }
  return { parseMs: parseMs(podsPerNode), answers };
}

/** The median of some, after as many to warm up. */
function parseMs(pods: number): number {
  const answers = Array.from({ length: PARSES }, (_, round) =>
    kubeletBytes(aSummary({ pods, round })),
  );
  const spentMs = [...answers, ...answers].map((bytes) => {
    const startMs = performance.now();
    JSON.parse(bytes.toString());
    return performance.now() - startMs;
  });
  return median(spentMs.slice(PARSES));
}
