import { Agent, request } from 'node:https';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';
import { giveUpAfter } from './awake.ts';

const TIMEOUT_MS = 10_000;

export interface HttpsTarget {
  readonly host: string;
  readonly port: number;
  /** What its certificate has to come from; undefined: whoever answers is believed. */
  readonly caPem?: string;
  readonly identity: CertificateAndKey | { readonly token: string };
}

/** Asks one server over connections that it keeps. */
export class HttpsClient implements Disposable {
  private readonly agent: Agent;
  private readonly target: HttpsTarget;

  constructor(target: HttpsTarget) {
    const { caPem, identity } = target;
    this.target = target;
    this.agent = new Agent({
      keepAlive: true,
      rejectUnauthorized: caPem !== undefined,
      ...(caPem !== undefined && { ca: caPem }),
      ...('certPem' in identity && { cert: identity.certPem, key: identity.keyPem }),
    });
  }

  /** Rejects when there is no complete answer within 10 s. */
  get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { host, port, identity } = this.target;
    const headers = 'token' in identity ? { authorization: `Bearer ${identity.token}` } : {};
    return new Promise((resolve, reject) => {
      const { agent } = this;
      const options = { host, port, path, agent, headers };
      const asked = request(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          const body = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode ?? 0, body });
        });
      });
      const stopWaiting = giveUpAfter(TIMEOUT_MS, () => {
        asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`));
      });
      asked.once('close', stopWaiting);
      asked.once('error', reject);
      asked.end();
    });
  }

  /** What the body of a good answer says. Rejects with any other one. */
  async text(path: string): Promise<string> {
    const { status, body } = await this.get(path);
    if (status !== 200) throw new Error(`${path} was answered with ${status}: ${body}`);
    return body;
  }

  async json(path: string): Promise<unknown> {
    return JSON.parse(await this.text(path));
  }

  [Symbol.dispose](): void {
    this.agent.destroy();
  }
}
