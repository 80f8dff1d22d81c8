import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'node:https';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';
import { listAt, textAt } from '../../src/simulator/kube-object.ts';

const EVERY_MS = 100;
const TIMEOUT_MS = 5_000;

/**
 * A client that lists nodes ten times a second, directly at a metrics server, over connections that it keeps,
 * and remembers what went wrong. To be closed.
 */
export class Lister implements AsyncDisposable {
  /** What went wrong so far, with the moment. */
  readonly errors: string[] = [];
  /** Good answers so far. */
  answers = 0;
  /** The oldest timestamp of a node in the last good answer, ms since the epoch. */
  oldestMs = 0;
  private readonly agent: Agent;
  private readonly port: number;
  private readonly least: number;
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;

  /** A list of fewer nodes than `least` is an error, too. */
  constructor(port: number, { certPem, keyPem }: CertificateAndKey, least: number) {
    this.port = port;
    this.least = least;
    // its serving certificate is changed under this client
    this.agent = new Agent({
      keepAlive: true,
      cert: certPem,
      key: keyPem,
      rejectUnauthorized: false,
    });
    this.running = this.run();
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
        this.errors.push(`${new Date().toISOString()} ${message}`);
      }
      await sleep(Math.max(0, EVERY_MS - (performance.now() - startedMs)));
    }
  }

  /** Rejects unless there are figures of all nodes. */
  private async list(): Promise<readonly unknown[]> {
    const { status, body } = await this.get('/apis/metrics.k8s.io/v1beta1/nodes');
    if (status !== 200) throw new Error(`${status}: ${body}`);
    const items = listAt(JSON.parse(body), 'items');
    if (items.length < this.least) {
      throw new Error(`figures of ${items.length} nodes instead of ${this.least}`);
    }
    return items;
  }

  private get(path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: this.port, path, agent: this.agent, timeout: TIMEOUT_MS },
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
      asked.once('timeout', () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
      asked.once('error', reject);
      asked.end();
    });
  }
}
