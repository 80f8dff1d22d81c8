import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, type Answer, type Question, ask } from './ask.ts';
import type { Deviation } from './deviations.ts';
import type { Exchange } from './exchanges.ts';
import { type Identity, type Secrets, identityOf } from './identities.ts';
import { type Verdict, judge } from './judge.ts';
import { OwnDocuments } from './own-documents.ts';
import { ANSWERING_NODES } from './surroundings.ts';

/** Who is asked, and by whom. */
export interface Target {
  readonly address: Address;
  readonly secrets: Secrets;
  /** Rejects when the server has ended, which spares waiting for it. */
  readonly check?: () => Promise<void>;
}

export interface ReplaySpec {
  readonly exchanges: readonly Exchange[];
  readonly deviations: readonly Deviation[];
}

const NODES_PATH = '/apis/metrics.k8s.io/v1beta1/nodes';
const POLL_MS = 100;
/** A server that scrapes every 15 s has its second answers after 30 s at the latest; the rest is for its start. */
const FIGURES_WITHIN_MS = 60_000;
const USER_AGENT = 'recorder';

/** The server cannot be judged: it is not there, or has no figures. */
export class NoFiguresError extends Error {
  override readonly name = 'NoFiguresError';
}

/** What one replay found. */
export interface Replay {
  readonly verdicts: readonly Verdict[];
  /** From the first question to the last answer. */
  readonly durationMs: number;
}

/**
 * Waits until the server has scraped every answering kubelet twice, then asks everything that was recorded,
 * one after the other, each over a fresh connection, and judges the answers. What is done by then is done
 * between the second and the third scrape when it takes less than one resolution (15 s).
 *
 * @throws NoFiguresError when there are no figures of all nodes within a minute.
 */
export async function replay(target: Target, spec: ReplaySpec): Promise<Replay> {
  await untilScrapedTwice(target);
  const startMs = performance.now();
  const documents = await OwnDocuments.of(target);
  const verdicts: Verdict[] = [];
  for (const exchange of spec.exchanges) {
    const askedMs = Date.now();
    const identity = identityOf(exchange.as, target.secrets);
    const question = documents.translate(questionOf(exchange, identity, target.address));
    const answer = await answerOrError(target.address, question);
    const around = { port: target.address.port, askedMs };
    verdicts.push(judge(exchange, answer, { deviations: spec.deviations, around }));
  }
  return { verdicts, durationMs: performance.now() - startMs };
}

async function answerOrError(address: Address, question: Question): Promise<Answer | Error> {
  try {
    return await ask(address, question);
  } catch (error) {
    if (Error.isError(error)) return error;
    throw error;
  }
}

/** As the recorder asked. */
function questionOf(
  { method, path, headers, body }: Pick<Exchange, 'method' | 'path' | 'headers' | 'body'>,
  identity: Identity,
  { host, port }: Address,
): Question {
  const given = Object.entries(headers);
  const namesGiven = new Set(given.map(([name]) => name.toLowerCase()));
  return {
    method,
    path,
    headers: [
      ...(namesGiven.has('host') ? [] : [['Host', `${host}:${port}`] as const]),
      ...(namesGiven.has('user-agent') ? [] : [['User-Agent', USER_AGENT] as const]),
      ...identity.headers,
      ...given.filter(([name, value]) => name.toLowerCase() !== 'accept' || value !== ''),
      ['Connection', 'close'],
    ],
    body,
    certificate: identity.certificate,
  };
}

async function untilScrapedTwice({ address, secrets, check }: Target): Promise<void> {
  const admin = identityOf('admin', secrets);
  const question = questionOf(
    { method: 'GET', path: NODES_PATH, headers: { accept: 'application/json' }, body: undefined },
    admin,
    address,
  );
  const deadlineMs = performance.now() + FIGURES_WITHIN_MS;
  let last = '';
  while (performance.now() < deadlineMs) {
    await check?.();
    const answer = await answerOrError(address, question);
    last = Error.isError(answer) ? answer.message : `${answer.status} ${String(answer.body)}`;
    // A node without a second point is not in the list.
    if (ANSWERING_NODES.every((name) => last.includes(`"name":"${name}"`))) return;
    await sleep(POLL_MS);
  }
  throw new NoFiguresError(
    `The server has no figures of ${ANSWERING_NODES.join(', ')} after ${FIGURES_WITHIN_MS / 1000} s. It says: ${last}`,
  );
}
