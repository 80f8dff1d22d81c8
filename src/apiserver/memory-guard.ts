import type { Clock } from '../clock.ts';
import { serviceUnavailable } from '../apimachinery/status-error.ts';
import type { Logger } from '../log.ts';
import type { Answer } from './answer.ts';
import { refusedListCounter } from './instruments.ts';
import type { MemoryFigures } from './process-figures.ts';
import type { Route } from './route.ts';
import type { MetricsRegistry } from './self-metrics.ts';

/** What the guard needs of the app. */
export interface MemoryGuardParts {
  /** Without it nothing is refused. */
  readonly memory?: MemoryFigures;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: MetricsRegistry;
}

/** Memory is short from this part of the limit on, and until less than the other part is taken. */
const SHORT_ABOVE = 0.9;
const ENOUGH_BELOW = 0.85;
/** How old what was read may be. */
const READ_EVERY_MS = 100;
/** A list of this size passes whatever there is left: some 500 pods, such as an autoscaler asks for. */
const SMALL_LIST_BYTES = 256 * 1024;
const RETRY_AFTER_S = 5;

/**
 * Sheds big lists before the kernel ends the whole process. A list costs what its slowest reader leaves unread, so that big ones are
 * what can be spared; one object, small lists, health, `/metrics` and scraping go on. Without a limit nothing is
 * ever refused. See docs/memory.md.
 */
export class MemoryGuard {
  private readonly parts: MemoryGuardParts;
  private readonly countRefusal: () => void;
  private isShort = false;
  private readAtMs = Number.NEGATIVE_INFINITY;
  private refusals = 0;

  constructor(parts: MemoryGuardParts) {
    this.parts = parts;
    this.countRefusal = refusedListCounter(parts.registry);
  }

  /**
   * The answer, as it may be sent. While memory is short so much of a list is written beforehand as a small one has.
   * @throws StatusError 503 for a list that is not small, while memory is short
   */
  admit(route: Route, answer: Answer): Answer {
    const { limitBytes } = this.parts.memory ?? {};
    const isList = route.kind === 'resource' && route.target.name === undefined;
    if (limitBytes === undefined || !isList || !this.isShortNow(limitBytes)) return answer;
    const body = smallBody(answer.body);
    if (body !== undefined) return { ...answer, body };
    this.refusals += 1;
    this.countRefusal();
    throw serviceUnavailable(
      `the server is short of memory and answers small lists only: ask for pages (limit=500) or one namespace, or raise the container's memory limit of ${mebibytes(limitBytes)} MiB`,
      RETRY_AFTER_S,
    );
  }

  private isShortNow(limitBytes: number): boolean {
    const { memory, clock, log } = this.parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.readAtMs < READ_EVERY_MS) return this.isShort;
    this.readAtMs = nowMs;
    const residentBytes = memory?.residentBytes() ?? 0;
    const isShort = residentBytes > limitBytes * (this.isShort ? ENOUGH_BELOW : SHORT_ABOVE);
    if (isShort === this.isShort) return isShort;
    this.isShort = isShort;
    const fields = { residentMiB: mebibytes(residentBytes), limitMiB: mebibytes(limitBytes) };
    if (isShort) log.warn(fields, 'Memory is short: refusing big lists; raise the memory limit');
    else log.info({ ...fields, refused: this.refusals }, 'Memory is enough again for big lists');
    this.refusals = 0;
    return isShort;
  }
}

/** Undefined when it is longer than a small one; nobody will take the rest then. */
function smallBody(body: Answer['body']): Answer['body'] | undefined {
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    return Buffer.byteLength(body) > SMALL_LIST_BYTES ? undefined : body;
  }
  const pieces: (string | Buffer)[] = [];
  let bytes = 0;
  for (const piece of body) {
    bytes += Buffer.byteLength(piece);
    if (bytes > SMALL_LIST_BYTES) return undefined;
    // Its bytes may be those of the next one, too.
    pieces.push(typeof piece === 'string' ? piece : Buffer.from(piece));
  }
  return pieces;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}
