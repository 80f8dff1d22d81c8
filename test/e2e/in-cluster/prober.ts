import type { ClientRequest } from 'node:http';
import { Agent, request } from 'node:https';
import type { CertificateAndKey } from '../../../src/pki/certificate.ts';
import { listAt, textAt } from '../../../src/simulator/kube-object.ts';
import { giveUpAfter } from '../awake.ts';
import type { Outcome } from './timeline.ts';

const EVERY_MS = 100;
const TIMEOUT_MS = 5_000;
const API = '/apis/metrics.k8s.io/v1beta1';

export interface ProberSpec {
  readonly host: string;
  readonly port: number;
  /** Who signed the server's certificate; undefined: whoever it is. */
  readonly caPem: string | undefined;
  readonly identity: CertificateAndKey;
  /** A list of nodes without this one is an error. */
  readonly node: string;
  /** A list of pods without each of these (`NAMESPACE/NAME`) is an error. */
  readonly pods: readonly string[];
  /** Of a pod that does nothing, a young server has no figures yet: lists without it are only counted. */
  readonly idle: string;
}

/**
 * A client that asks ten times a second, whether or not what it asked before is answered: for all nodes and for all
 * pods in turn, two on a connection that it keeps, then two on new ones. To be closed.
 */
export class Prober implements AsyncDisposable {
  /** In the order in which they ended. */
  readonly outcomes: Outcome[] = [];
  /** Good lists of pods so far, and those of them without the idle one. */
  readonly lists = { all: 0, withoutIdle: 0 };
  /** How late it was at most to ask, ms: so long this program, or the machine, stood still. */
  stoodStillMs = 0;
  private readonly spec: ProberSpec;
  private readonly kept: Agent;
  private readonly asking = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private asked = 0;

  constructor(spec: ProberSpec) {
    this.spec = spec;
    this.kept = new Agent({ keepAlive: true });
    let lastMs = performance.now();
    this.timer = setInterval(() => {
      const nowMs = performance.now();
      this.stoodStillMs = Math.max(this.stoodStillMs, nowMs - lastMs - EVERY_MS);
      lastMs = nowMs;
      const asking = this.note().finally(() => this.asking.delete(asking));
      this.asking.add(asking);
    }, EVERY_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.asking);
    this.kept.destroy();
  }

  /** Stops asking, and resolves with everything when the last answer is there. */
  async finish(): Promise<readonly Outcome[]> {
    await this[Symbol.asyncDispose]();
    return this.outcomes;
  }

  private async note(): Promise<void> {
    const turn = this.asked;
    this.asked += 1;
    const about = turn % 2 === 0 ? 'nodes' : 'pods';
    const agent = turn % 4 < 2 ? this.kept : undefined;
    const askedMs = Date.now();
    let error: string | undefined;
    try {
      await this.ask(about, agent);
    } catch (cause) {
      error = Error.isError(cause) ? cause.message : String(cause);
    }
    this.outcomes.push({ about, askedMs, endedMs: Date.now(), error });
  }

  private async ask(about: Outcome['about'], agent: Agent | undefined): Promise<void> {
    const { node, pods, idle } = this.spec;
    const wanted = about === 'nodes' ? [node] : pods;
    const items = itemsOf(await this.get(`${API}/${about}`, agent));
    const missing = wanted.filter((name) => !items.has(name));
    if (missing.length > 0) {
      throw new Error(`${items.size} ${about}, but not ${missing.join(', ')}`);
    }
    if (about === 'nodes') return;
    this.lists.all += 1;
    if (!items.has(idle)) this.lists.withoutIdle += 1;
  }

  private get(path: string, agent: Agent | undefined): Promise<{ status: number; body: string }> {
    const { host, port, caPem, identity } = this.spec;
    return new Promise((resolve, reject) => {
      const question = request(
        {
          ...{ host, port, path, cert: identity.certPem, key: identity.keyPem },
          ...(caPem === undefined ? { rejectUnauthorized: false } : { ca: caPem }),
          // false: a connection of its own
          agent: agent ?? false,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.once('error', reject);
          answer.once('end', () => {
            resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
          });
        },
      );
      const stopWaiting = giveUpAfter(TIMEOUT_MS, () => {
        question.destroy(new Error(`no answer within ${TIMEOUT_MS} ms ${wayOf(question)}`));
      });
      question.once('close', stopWaiting);
      question.once('error', reject);
      question.end();
    });
  }
}

/** How far a question came. */
function wayOf({ reusedSocket, socket }: ClientRequest): string {
  const how = reusedSocket ? 'on a kept connection' : 'on a new connection';
  if (!socket) return `${how} that was not begun`;
  const { localPort, bytesWritten, bytesRead } = socket;
  return `${how} from port ${localPort ?? 0} (${bytesWritten} bytes sent, ${bytesRead} received)`;
}

/** Names of what a list holds; a pod's with its namespace. Throws for any other answer than a list. */
function itemsOf({ status, body }: { status: number; body: string }): ReadonlySet<string> {
  if (status !== 200) throw new Error(`${status}: ${body.trim()}`);
  return new Set(
    listAt(JSON.parse(body), 'items').map((item) => {
      const space = textAt(item, 'metadata', 'namespace');
      const name = textAt(item, 'metadata', 'name');
      return space === '' ? name : `${space}/${name}`;
    }),
  );
}
