import type { Answer } from './answer.ts';
import { NO_SNIFF, TEXT } from './answer.ts';
import { goQuote } from '../apimachinery/go-quote.ts';
import type { Query } from './query.ts';

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz';

export const HEALTH_ENDPOINTS: readonly HealthEndpoint[] = ['healthz', 'livez', 'readyz'];

/** One named question about the process. Asked at every probe: it must answer at once, from memory. */
export interface HealthCheck {
  readonly name: string;
  readonly endpoints: readonly HealthEndpoint[];
  /** Why it fails; undefined when it passes. Shown to everyone who asks verbosely: name no secrets. */
  check(): string | undefined;
  /** What an operator wants to know besides: with `?verbose` of a failing check, with `?verbose=detail` of any. One line. */
  detail?(): string;
}

/**
 * The checks that every API server of this kind has, in upstream's order, in front of a server's own. None
 * of them can fail here: answering is what `ping` asks for, the log is written without waiting, and the two
 * hooks stand for work that is finished before the first request. They exist because probes exclude
 * them by name, and tests of upstream read the whole list.
 */
export const STANDARD_CHECKS: readonly HealthCheck[] = [
  'ping',
  'log',
  'poststarthook/max-in-flight-filter',
  'poststarthook/storage-object-count-tracker-hook',
].map((name) => ({ name, endpoints: HEALTH_ENDPOINTS, check: () => undefined }));

/** `/healthz`, `/livez` and `/readyz`, as upstream: apiserver/pkg/server/healthz/healthz.go. */
export function healthAnswer(
  endpoint: HealthEndpoint,
  checks: readonly HealthCheck[],
  query: Query,
): Answer {
  const excluded = new Set(query.all('exclude'));
  const verbose = query.get('verbose');
  const lines: string[] = [];
  let failed = false;
  for (const check of checksOf(endpoint, checks)) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const error = check.check();
    failed ||= error !== undefined;
    lines.push(...linesOf(check, error, verbose));
  }
  if (excluded.size > 0) {
    const unknown = [...excluded].sort().map(goQuote).join(',');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown}`);
  }
  lines.push(`${endpoint} check ${failed ? 'failed' : 'passed'}`, '');
  const body = failed || verbose !== undefined ? lines.join('\n') : 'ok';
  return { code: failed ? 500 : 200, contentType: TEXT, headers: NO_SNIFF, body };
}

/** `/ENDPOINT/NAME`: one check by itself. Undefined: there is none of this name. */
export function singleCheckAnswer(
  endpoint: HealthEndpoint,
  name: string,
  checks: readonly HealthCheck[],
): Answer | undefined {
  const check = checksOf(endpoint, checks).find((candidate) => candidate.name === name);
  if (!check) return undefined;
  const error = check.check();
  if (error === undefined) return { code: 200, contentType: TEXT, body: 'ok' };
  const body = `internal server error: ${error}\n`;
  return { code: 500, contentType: TEXT, headers: NO_SNIFF, body };
}

/** Every path of the health endpoints, in no order. */
export function healthPaths(checks: readonly HealthCheck[]): string[] {
  return HEALTH_ENDPOINTS.flatMap((endpoint) => [
    `/${endpoint}`,
    ...checksOf(endpoint, checks).map(({ name }) => `/${endpoint}/${name}`),
  ]);
}

function checksOf(endpoint: HealthEndpoint, checks: readonly HealthCheck[]): HealthCheck[] {
  return checks.filter(({ endpoints }) => endpoints.includes(endpoint));
}

/**
 * Whoever asks verbosely is told why a check fails; upstream withholds the reason from everyone. A passing
 * check is one line without more, since tests of upstream compare the whole text.
 */
function linesOf(
  check: HealthCheck,
  error: string | undefined,
  verbose: string | undefined,
): string[] {
  const isDetailed = verbose === 'detail' || (verbose !== undefined && error !== undefined);
  const detail = isDetailed ? check.detail?.() : undefined;
  const more = detail === undefined ? [] : [`   ${detail}`];
  if (error === undefined) return [`[+]${check.name} ok`, ...more];
  const reason = verbose === undefined ? 'reason withheld' : error;
  return [`[-]${check.name} failed: ${reason}`, ...more];
}
