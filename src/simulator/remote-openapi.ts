import type { OutgoingHttpHeaders } from 'node:http';
import type { BackendAnswer } from './backend.ts';
import { identityHeaders } from './backend.ts';
import { valueAt } from './kube-object.ts';
import { RecurringTask } from './recurring-task.ts';
import { userInfo } from './user-info.ts';

/** contract.md 1.7 */
const CADENCE = {
  afterSuccessMs: 60_000,
  afterFailureMs: 60_000,
  longestFailureMs: 3_600_000,
};
const TIMEOUT_MS = 60_000;

/** In the name of the aggregator, without a group: system:discovery has to allow it. */
const IDENTITY = identityHeaders(userInfo('system:aggregator'));

/** Asks the API server that the documents are of. Rejects when it cannot be asked. */
export type Fetch = (
  path: string,
  headers: OutgoingHttpHeaders,
  timeoutMs: number,
) => Promise<BackendAnswer>;

/**
 * The OpenAPI documents of one aggregated API server, downloaded again and again as kube-aggregator does: v2 whole
 * unless its tag is still the same, of v3 the index alone. A server without v3 would be asked for v2 in its place by
 * the real one; here it has none.
 */
export class RemoteOpenApi implements AsyncDisposable {
  private readonly fetch: Fetch;
  private readonly report: (error: unknown, message: string) => void;
  private readonly tasks: readonly RecurringTask[];
  private document: unknown;
  private etag = '';
  private index: ReadonlyMap<string, unknown> = new Map();

  constructor(fetch: Fetch, report: (error: unknown, message: string) => void) {
    this.fetch = fetch;
    this.report = report;
    this.tasks = [
      new RecurringTask(() => this.attempt('/openapi/v2', () => this.downloadV2()), CADENCE),
      new RecurringTask(() => this.attempt('/openapi/v3', () => this.downloadIndex()), CADENCE),
    ];
  }

  /** Undefined as long as it could not be downloaded. */
  get v2(): unknown {
    return this.document;
  }

  /** The entries of the index of v3, as they are there, by the names of their documents. */
  get v3(): ReadonlyMap<string, unknown> {
    return this.index;
  }

  trigger(): void {
    for (const task of this.tasks) task.trigger();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.tasks.map((task) => task[Symbol.asyncDispose]()));
  }

  private async attempt(path: string, download: () => Promise<void>): Promise<boolean> {
    try {
      await download();
      return true;
    } catch (error) {
      this.report(error, `Could not download ${path} of an aggregated API server`);
      return false;
    }
  }

  private async downloadV2(): Promise<void> {
    const headers = {
      Accept: 'application/json',
      ...(this.etag !== '' && { 'If-None-Match': this.etag }),
      ...IDENTITY,
    };
    const answer = await this.fetch('/openapi/v2', headers, TIMEOUT_MS);
    if (answer.status === 304) return;
    if (answer.status !== 200) throw new Error(`Cannot download: status ${answer.status}`);
    this.document = JSON.parse(answer.body);
    this.etag = answer.etag;
  }

  private async downloadIndex(): Promise<void> {
    const answer = await this.fetch('/openapi/v3', IDENTITY, TIMEOUT_MS);
    if (answer.status === 404) {
      this.index = new Map();
      return;
    }
    if (answer.status !== 200) throw new Error(`Cannot download: status ${answer.status}`);
    const paths = valueAt(JSON.parse(answer.body), 'paths');
    this.index = new Map(Object.entries((paths ?? {}) as Record<string, unknown>));
  }
}
