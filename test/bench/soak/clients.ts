import { once } from 'node:events';
import { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { ClusterLine, SoakAddress } from './cluster-lines.ts';

/** What came of all requests of one kind. */
export interface Tally {
  readonly kind: string;
  readonly requests: number;
  /** By status; 0: the connection broke. */
  readonly codes: ReadonlyMap<number, number>;
}

export interface WrongAnswer {
  readonly kind: string;
  readonly code: number;
  readonly atMs: number;
  /** The beginning of the body. */
  readonly text: string;
}

interface Answer {
  readonly code: number;
  /** Only its beginning, unless the whole was asked for. */
  readonly body: string;
}

interface Kind {
  readonly name: string;
  /** How often, among all. */
  readonly weight: number;
  readonly expected: readonly number[];
  readonly run: (clients: Clients) => Promise<Answer>;
}

const API = '/apis/metrics.k8s.io/v1beta1';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const WORKERS = 6;
const SLOW_READERS = 3;
const LONGEST_PAUSE_MS = 300;
const LONGEST_READ_MS = 15_000;
const BODY_BEGINNING = 300;
const MOST_WRONG = 500;
/** Used after their end, too. */
const TOKENS_KEPT = 40;
/** After the kube-apiserver broke its connections a review may fail, which is a 500 (contract.md 7.3). */
const REVIEWS_FAIL_MS = 3_000;

const get = (path: string, headers: OutgoingHttpHeaders = {}) => {
  return (clients: Clients): Promise<Answer> => clients.ask(path, { headers });
};
const bad = (name: string, path: string, code: number): Kind => ({
  name,
  ...{ weight: 1, expected: [code], run: get(path) },
});

/** Every kind of client that a metrics server meets, and what it must be answered. */
const KINDS: readonly Kind[] = [
  { name: 'pods as JSON', weight: 4, expected: [200], run: get(`${API}/pods`) },
  {
    name: 'pods as protobuf',
    ...{ weight: 4, expected: [200], run: get(`${API}/pods`, { accept: PROTOBUF }) },
  },
  {
    name: 'pods as a table',
    weight: 2,
    expected: [200],
    run: get(`${API}/pods`, { accept: TABLE }),
  },
  {
    name: 'pods as JSON, gzipped',
    ...{ weight: 1, expected: [200], run: get(`${API}/pods`, { 'accept-encoding': 'gzip' }) },
  },
  {
    name: 'pods of a namespace as YAML',
    weight: 1,
    expected: [200],
    run: get(`${API}/namespaces/data/pods`, { accept: 'application/yaml' }),
  },
  { name: 'pods in pages', weight: 2, expected: [200], run: (clients) => clients.readPages() },
  {
    name: 'pods by label',
    weight: 8,
    expected: [200],
    run: get(`${API}/namespaces/shop/pods?labelSelector=app%20in%20(frontend,checkout)`),
  },
  { name: 'nodes', weight: 6, expected: [200], run: get(`${API}/nodes`) },
  {
    name: 'one pod',
    weight: 20,
    expected: [200, 404],
    run: (clients) => clients.ask(clients.somePodPath()),
  },
  {
    name: 'one pod, of a user the front proxy vouches for',
    weight: 10,
    expected: [200, 404],
    run: (clients) => clients.askAs('viewer', clients.somePodPath()),
  },
  {
    name: 'one pod, of a user without rights',
    weight: 10,
    expected: [403],
    run: (clients) => clients.askAs(`stranger-${clients.nextNumber()}`, clients.somePodPath()),
  },
  {
    name: 'one pod, with a token that ends soon or has ended',
    weight: 6,
    expected: [401, 403],
    run: (clients) => clients.askWithToken(clients.someToken()),
  },
  {
    name: 'one pod, with a made up token',
    weight: 6,
    expected: [401],
    run: (clients) => clients.askWithToken(`made-up-${clients.nextNumber()}`),
  },
  { name: 'self-metrics', weight: 1, expected: [200], run: get('/metrics') },
  { name: 'discovery', weight: 1, expected: [200], run: get('/apis') },
  { name: 'OpenAPI', weight: 1, expected: [200], run: get('/openapi/v2') },
  { name: 'liveness', weight: 2, expected: [200], run: get('/livez') },
  { name: 'readiness', weight: 2, expected: [200], run: get('/readyz?verbose') },
  bad('a selector that is none', `${API}/pods?labelSelector=((`, 400),
  bad('a deadline that is none', `${API}/pods?timeout=soon`, 400),
  bad('a version that is none', `/apis/metrics.k8s.io/v7/pods`, 404),
  bad('a path that is none', `/nothing/${'x'.repeat(2_000)}`, 404),
  bad('a watch', `${API}/pods?watch=true`, 405),
  {
    name: 'a media type that nobody has',
    ...{ weight: 1, expected: [406], run: get(`${API}/pods`, { accept: 'text/html' }) },
  },
  {
    name: 'a method that nobody has',
    weight: 1,
    expected: [405],
    run: (clients) => clients.ask(`${API}/pods`, { method: 'DELETE' }),
  },
];

/** Asks a metrics server for everything at once, for as long as it is told to. */
export class Clients {
  private readonly port: number;
  private readonly address: SoakAddress;
  private readonly admin: Agent;
  private readonly proxy: Agent;
  private readonly nobody: Agent;
  private readonly tallies = new Map<string, Map<number, number>>();
  private readonly unexpected: (WrongAnswer & { readonly isReviewed: boolean })[] = [];
  private readonly resetsMs: number[] = [];
  private tokens: string[] = [];
  private pods: readonly string[] = [];
  private number = 0;

  constructor(port: number, address: SoakAddress) {
    this.port = port;
    this.address = address;
    const agent = (options: object): Agent =>
      new Agent({ keepAlive: true, maxSockets: 20, rejectUnauthorized: false, ...options });
    this.admin = agent(address.admin);
    this.proxy = agent(address.frontProxy);
    this.nobody = agent({});
  }

  /** What the cluster told. */
  learn({ tokens, pods, lastResetMs }: ClusterLine): void {
    this.tokens = [...this.tokens, ...tokens].slice(-TOKENS_KEPT);
    this.pods = pods;
    if (lastResetMs > 0 && this.resetsMs.at(-1) !== lastResetMs) this.resetsMs.push(lastResetMs);
  }

  /** Resolves a moment after the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const until = async (act: () => Promise<void>): Promise<void> => {
      while (!signal.aborted) await act();
    };
    await Promise.all([
      ...Array.from({ length: WORKERS }, () => until(() => this.one())),
      ...Array.from({ length: SLOW_READERS }, () => until(() => this.readSlowly(signal))),
      until(() => this.misbehave()),
    ]);
    for (const agent of [this.admin, this.proxy, this.nobody]) agent.destroy();
  }

  tally(): Tally[] {
    return [...this.tallies].map(([kind, codes]) => {
      const requests = [...codes.values()].reduce((sum, count) => sum + count, 0);
      return { kind, requests, codes };
    });
  }

  /** Answers that were not due: a failed review just after the kube-apiserver broke off is. */
  wrong(): WrongAnswer[] {
    return this.unexpected.filter(
      ({ isReviewed, code, atMs }) =>
        !(isReviewed && (code === 500 || code === 401) && this.wasReset(atMs)),
    );
  }

  nextNumber(): number {
    return ++this.number;
  }

  somePodPath(): string {
    const pod = this.pods[Math.floor(Math.random() * this.pods.length)] ?? 'shop/none';
    const [namespace, name] = pod.split('/');
    return `${API}/namespaces/${namespace}/pods/${name}`;
  }

  someToken(): string {
    return this.tokens[Math.floor(Math.random() * this.tokens.length)] ?? 'none-yet';
  }

  askAs(user: string, path: string): Promise<Answer> {
    const headers = {
      'x-remote-user': user,
      'x-remote-group': 'system:authenticated',
      'x-remote-extra-session': String(this.number % 5_000),
    };
    return this.ask(path, { agent: this.proxy, headers });
  }

  askWithToken(token: string): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}` };
    return this.ask(this.somePodPath(), { agent: this.nobody, headers });
  }

  async readPages(): Promise<Answer> {
    let next = '';
    for (;;) {
      const path = `${API}/pods?limit=500${next === '' ? '' : `&continue=${next}`}`;
      const answer = await this.ask(path, { wantsWhole: true });
      if (answer.code !== 200) return answer;
      const { metadata } = JSON.parse(answer.body) as { metadata: { continue?: string } };
      if (metadata.continue === undefined) return answer;
      next = encodeURIComponent(metadata.continue);
    }
  }

  async ask(
    path: string,
    options: {
      readonly agent?: Agent;
      readonly method?: string;
      readonly headers?: OutgoingHttpHeaders;
      readonly wantsWhole?: boolean;
    } = {},
  ): Promise<Answer> {
    const { agent = this.admin, method = 'GET', headers = {}, wantsWhole = false } = options;
    try {
      const target = { host: '127.0.0.1', port: this.port, path, agent, method, headers };
      const [response] = (await once(request(target).end(), 'response')) as [IncomingMessage];
      let body = '';
      for await (const chunk of response) {
        if (wantsWhole || body.length < BODY_BEGINNING) body += String(chunk);
      }
      return { code: response.statusCode ?? 0, body };
    } catch (error) {
      return { code: 0, body: String(error) };
    }
  }

  private async one(): Promise<void> {
    const kind = chooseKind();
    const atMs = Date.now();
    const { code, body } = await kind.run(this);
    const codes = this.tallies.get(kind.name) ?? new Map<number, number>();
    this.tallies.set(kind.name, codes);
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (!kind.expected.includes(code) && this.unexpected.length < MOST_WRONG) {
      const text = body.slice(0, BODY_BEGINNING);
      const isReviewed = kind.name.startsWith('one pod,');
      this.unexpected.push({ kind: kind.name, code, atMs, text, isReviewed });
    }
    await sleep(Math.random() * LONGEST_PAUSE_MS);
  }

  /** Takes a list a little at a time, and leaves before its end more often than not. */
  private async readSlowly(signal: AbortSignal): Promise<void> {
    const asked = request({
      host: '127.0.0.1',
      port: this.port,
      path: `${API}/pods`,
      agent: false,
      rejectUnauthorized: false,
      ...this.address.admin,
    }).end();
    asked.on('error', () => undefined);
    const left = sleep(Math.random() * LONGEST_READ_MS, undefined, { signal }).catch(
      () => undefined,
    );
    asked.on('response', (response) => {
      response.on('error', () => undefined);
      response.on('data', () => {
        response.pause();
        setTimeout(() => response.resume(), 100).unref();
      });
    });
    await Promise.race([left, once(asked, 'close').catch(() => undefined)]);
    asked.destroy();
  }

  /** Connections that never become a request, or not one of HTTP. */
  private async misbehave(): Promise<void> {
    const target = { host: '127.0.0.1', port: this.port };
    const silent = connectPlain(target);
    const babbling = connectPlain(target, () => babbling.write('GET / HTTP/1.1\r\n\r\n'));
    const odd = connectTls({ ...target, rejectUnauthorized: false }, () => {
      odd.write('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: -1\r\n\r\n');
    });
    const half = connectTls({ ...target, rejectUnauthorized: false }, () => {
      half.write(`GET ${API}/pods HTTP/1.1\r\nHost: a\r\nX-Half: `);
    });
    const all = [silent, babbling, odd, half];
    for (const socket of all) socket.on('error', () => undefined).resume();
    await sleep(1_000);
    for (const socket of all) socket.destroy();
  }

  private wasReset(atMs: number): boolean {
    return this.resetsMs.some((resetMs) => Math.abs(atMs - resetMs) < REVIEWS_FAIL_MS);
  }
}

const ALL_WEIGHTS = KINDS.reduce((sum, { weight }) => sum + weight, 0);

function chooseKind(): Kind {
  let left = Math.random() * ALL_WEIGHTS;
  for (const kind of KINDS) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  throw new Error('Cannot choose: there is no kind of client');
}
