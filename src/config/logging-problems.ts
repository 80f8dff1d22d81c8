import { formatDuration } from '../apimachinery/duration.ts';
import { goQuote } from '../apimachinery/go-quote.ts';
import { aggregate } from './aggregate.ts';
import type { FlagValues } from './flags.ts';

/** What is wrong with the flags of the log, in upstream's words: component-base/logs/api/v1. */
export function loggingProblems(values: FlagValues): string[] {
  const format = values['logging-format'];
  const period = values['log-flush-frequency'];
  const problems: string[] = [];
  if (period <= 0) {
    const shown = goQuote(formatDuration(period));
    problems.push(`flushFrequency: Invalid value: ${shown}: Must be greater than zero`);
  }
  if (format !== 'text' && format !== 'json') {
    problems.push(`format: Invalid value: ${goQuote(format)}: Unsupported log format`);
  }
  if (values.vmodule.length > 0 && format !== '' && format !== 'text') {
    problems.push('vmodule: Forbidden: Only supported for text log format');
  }
  for (const name of ['text', 'json'] as const) {
    if (values[`log-${name}-split-stream`]) problems.push(alphaOption(`${name}.splitStream`));
    if (isNotZero(values[`log-${name}-info-buffer-size`])) {
      problems.push(alphaOption(`${name}.infoBufferSize`));
    }
  }
  return aggregate(problems);
}

/** The gate is off, and no value of --feature-gates turns it on (component-globals.ts). */
function alphaOption(option: string): string {
  return `options.${option}: Forbidden: Feature LoggingAlphaOptions is disabled`;
}

/** Of a quantity that could be read: any part of a byte rounds up to one. */
function isNotZero(quantity: string): boolean {
  return /^[+-]?[\d.]*[1-9]/.test(quantity);
}
