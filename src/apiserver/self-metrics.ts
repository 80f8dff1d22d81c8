import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { collectDefaultMetrics } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Answer, Header } from './answer.ts';

/** Where all rooms register their instruments. */
export type MetricsRegistry = Registry;

const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/** process_* and nodejs_* of this process. Once for a registry. */
export function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
}

/**
 * `/metrics`: one text exposition, families sorted by name. Upstream writes two behind each other, which no
 * reader depends on. Families are rendered one by one, and others get their turn between them.
 */
export async function metricsAnswer(
  registry: Registry,
  acceptEncoding: string | undefined,
): Promise<Answer> {
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const families: string[] = [];
  for (const name of names.sort()) {
    families.push(`${await registry.getSingleMetricAsString(name)}\n`);
    await new Promise(setImmediate);
  }
  const startSeconds = Math.floor(performance.timeOrigin / 1000);
  const headers: Header[] = [['Process-Start-Time-Unix', String(startSeconds)]];
  if (!wantsGzip(acceptEncoding)) {
    return { code: 200, contentType: EXPOSITION, headers, body: families };
  }
  const body = await promisify(gzip)(families.join(''));
  headers.push(['Content-Encoding', 'gzip']);
  return { code: 200, contentType: EXPOSITION, headers, body };
}

function wantsGzip(acceptEncoding: string | undefined): boolean {
  return (acceptEncoding ?? '').split(',').some((token) => /^gzip(;|$)/.test(token.trim()));
}
