import type { Logger } from '../log.ts';

/** So many lines with one message are written in a period; then they are counted. */
const LINES = 10;
const PERIOD_MS = 1_000;

/**
 * A log for what strangers can cause as often as they like. Of each message, which is a constant, only so many
 * lines a second are written, and at the end of the second how many there would have been more. Lines for those who
 * debug pass: they asked for everything.
 */
export function sparingLog(log: Logger): Logger {
  const counts = new Map<string, number>();

  const sparing =
    (level: 'error' | 'warn' | 'info') =>
    (fields: object, message: string): void => {
      const count = (counts.get(message) ?? 0) + 1;
      counts.set(message, count);
      if (count <= LINES) log[level](fields, message);
      if (count > 1) return;
      setTimeout(() => {
        const leftOut = (counts.get(message) ?? 0) - LINES;
        counts.delete(message);
        if (leftOut > 0) log[level]({ like: message, leftOut }, 'Left out lines');
      }, PERIOD_MS).unref();
    };

  return {
    error: sparing('error'),
    warn: sparing('warn'),
    info: sparing('info'),
    debug: (fields, message) => {
      log.debug(fields, message);
    },
  };
}
