import { Counter, Histogram, type Registry, exponentialBuckets } from 'prom-client';
import { IMPERSONATION_MODES, type ModeName } from './modes.ts';

export type ImpersonationInstruments = ReturnType<typeof impersonationInstruments>;
type Outcome = 'allowed' | 'denied';

const BUCKETS = exponentialBuckets(0.001, 2, 15);

/** Upstream's families, with its names and labels. */
export function impersonationInstruments(registry: Registry) {
  const registers = [registry];
  const labelNames = ['mode', 'decision'];
  const attempts = new Counter({
    name: 'apiserver_impersonation_attempts_total',
    help: '[ALPHA] Requests to act as somebody else, by the mode that allowed it (none when refused) and the decision.',
    labelNames,
    registers,
  });
  const attemptDurations = new Histogram({
    name: 'apiserver_impersonation_attempts_duration_seconds',
    help: '[ALPHA] Time in seconds to decide whether a request may act as somebody else, by mode and decision.',
    labelNames,
    buckets: BUCKETS,
    registers,
  });
  const checks = new Counter({
    name: 'apiserver_impersonation_authorization_attempts_total',
    help: '[ALPHA] Single questions about acting as somebody else, by mode and decision.',
    labelNames,
    registers,
  });
  const checkDurations = new Histogram({
    name: 'apiserver_impersonation_authorization_attempts_duration_seconds',
    help: '[ALPHA] Time in seconds to answer a single question about acting as somebody else, by mode and decision.',
    labelNames,
    buckets: BUCKETS,
    registers,
  });

  return {
    /** `mode` is '' for a refusal: all of them refused. */
    attempted(mode: ModeName | '', decision: Outcome, seconds: number): void {
      attempts.inc({ mode, decision });
      attemptDurations.observe({ mode, decision }, seconds);
    },
    /** `verb` as it was asked about; it tells the mode. */
    checked(verb: string, decision: Outcome, seconds: number): void {
      const labels = { mode: modeOfVerb(verb), decision };
      checks.inc(labels);
      checkDurations.observe(labels, seconds);
    },
  };
}

function modeOfVerb(verb: string): ModeName {
  const constrained = IMPERSONATION_MODES.find(
    ({ name }) => verb === `impersonate:${name}` || verb.startsWith(`impersonate-on:${name}:`),
  );
  return constrained?.name ?? 'legacy';
}
