import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'node:https';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';
import { listAt, textAt } from '../../src/simulator/kube-object.ts';
import { giveUpAfter } from './awake.ts';

const EVERY_MS = 100;
const TIMEOUT_MS = 5_000;

/** Whom to ask for what, and as whom. */
export interface Listing {
  readonly port: number;
  readonly path: string;
  readonly certificate?: CertificateAndKey;
  readonly token?: string;
  /** A list of fewer is an error, too. */
  readonly least: number;
}

/** Something went wrong between two moments of the monotonic clock. */
interface Mishap {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly text: string;
}

/**
 * A client that lists ten times a second, over connections that it keeps, and remembers what went wrong. To be
 * closed.
 */
export class Lister implements AsyncDisposable {
  /** Good answers so far. */
  answers = 0;
  /** The oldest timestamp in the last good answer, ms since the epoch. */
  oldestMs = 0;
  private readonly mishaps: Mishap[] = [];
  private readonly agent: Agent;
  private readonly listing: Listing;
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;

  constructor(listing: Listing) {
    this.listing = listing;
    const { certPem: cert, keyPem: key } = listing.certificate ?? {};
    // its serving certificate is changed under this client
    this.agent = new Agent({ keepAlive: true, cert, key, rejectUnauthorized: false });
    this.running = this.run();
  }

  /** What went wrong so far, with the moment, but for requests that were under way in that time. */
  errorsBut(away?: { readonly fromMs: number; readonly untilMs: number }): string[] {
    return this.mishaps
      .filter(({ fromMs, untilMs }) => !away || untilMs < away.fromMs || fromMs > away.untilMs)
      .map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ending.abort();
    await this.running;
    this.agent.destroy();
  }

  private async run(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const startedMs = performance.now();
      try {
        const items = await this.list();
        this.oldestMs = Math.min(...items.map((item) => Date.parse(textAt(item, 'timestamp'))));
        this.answers += 1;
      } catch (error) {
        const message = Error.isError(error) ? error.message : String(error);
        const text = `${new Date().toISOString()} ${message}`;
        this.mishaps.push({ fromMs: startedMs, untilMs: performance.now(), text });
      }
      await sleep(Math.max(0, EVERY_MS - (performance.now() - startedMs)));
    }
  }

  /** Rejects unless there are figures of all. */
  private async list(): Promise<readonly unknown[]> {
    const { status, body } = await this.get();
    if (status !== 200) throw new Error(`${status}: ${body}`);
    const items = listAt(JSON.parse(body), 'items');
    const { path, least } = this.listing;
    if (items.length < least) {
      throw new Error(`figures of ${items.length} instead of ${least} in ${path}`);
    }
    return items;
  }

  private get(): Promise<{ status: number; body: string }> {
    const { port, path, token } = this.listing;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, path, headers, agent: this.agent },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', reject);
          answer.once('end', () => {
            const body = Buffer.concat(chunks).toString();
            resolve({ status: answer.statusCode ?? 0, body });
          });
        },
      );
      const stopWaiting = giveUpAfter(TIMEOUT_MS, () => {
        asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`));
      });
      asked.once('close', stopWaiting);
      asked.once('error', reject);
      asked.end();
    });
  }
}
