import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Cluster } from '../../src/simulator/cluster.ts';
import { statusBody } from './api-server.ts';

/** What becomes of a TokenReview or a SubjectAccessReview instead of an answer. */
export type ReviewFault = 'reset' | 'silence' | 'html' | { status: number; retryAfter?: string };

/**
 * Stands before the simulated kube-apiserver and spoils some of its reviews: those whose text contains one
 * of the given words. All the rest passes. To be closed.
 */
export class ReviewGate implements AsyncDisposable {
  /** By a word of the question, for example a user name or a token. May be changed at any time. */
  readonly faults = new Map<string, ReviewFault>();
  /** Every review that came, as it came. */
  readonly reviews: string[] = [];
  readonly #server: Server;
  readonly #target: URL;
  readonly #ca: string;

  private constructor(cluster: Cluster) {
    this.#target = new URL(cluster.url);
    this.#ca = cluster.authorities.kubeApiServer;
    const { certPem, keyPem } = cluster.identities.servingCa.issue({
      commonName: 'gate',
      ipAddresses: ['127.0.0.1'],
      usages: ['serverAuth'],
    });
    this.#server = createServer({ cert: certPem, key: keyPem }, (question, answer) => {
      void this.#pass(question, answer);
    });
  }

  static async open(cluster: Cluster): Promise<ReviewGate> {
    const gate = new ReviewGate(cluster);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(question: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await textOf(question);
    if (question.url?.includes('reviews') === true) {
      this.reviews.push(body);
      const fault = [...this.faults].find(([word]) => body.includes(word))?.[1];
      if (fault !== undefined) {
        spoil(answer, fault);
        return;
      }
    }
    const { method, url, headers } = question;
    const to = { host: this.#target.hostname, port: this.#target.port, ca: this.#ca };
    const forwarded = request({ ...to, method, path: url, headers, agent: false }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers).flushHeaders();
      reply.once('error', () => answer.destroy());
      reply.pipe(answer);
    });
    forwarded.once('error', () => answer.destroy());
    answer.once('close', () => forwarded.destroy());
    forwarded.end(body);
  }
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function spoil(answer: ServerResponse, fault: ReviewFault): void {
  if (fault === 'silence') return;
  if (fault === 'reset') {
    answer.destroy();
    return;
  }
  if (fault === 'html') {
    answer.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    return;
  }
  const { status, retryAfter } = fault;
  answer
    .writeHead(status, {
      'content-type': 'application/json',
      ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
    })
    .end(JSON.stringify(statusBody(status, '', `told ${status}`)));
}
