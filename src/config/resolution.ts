import type { FlagValues } from './flags.ts';

const DEFAULT_RESOLUTION_MS = 15_000;
const DEFAULT_STALENESS_MS = 60_000;

/**
 * --metric-resolution, or without it the default, longer where a request may take more than nine tenths
 * of that: so every command line that is valid for upstream, with its default of a minute, stays valid.
 */
export function resolutionMs(values: FlagValues): number {
  const needed = Math.ceil((values['kubelet-request-timeout'] * 10) / 9 / 1000) * 1000;
  return values['metric-resolution'] ?? Math.max(DEFAULT_RESOLUTION_MS, needed);
}

/** --metric-staleness, or without it long enough for two missed scrapes and one that is under way. */
export function stalenessMs(values: FlagValues): number {
  const patience = 3 * resolutionMs(values) + values['kubelet-request-timeout'];
  return values['metric-staleness'] ?? Math.max(DEFAULT_STALENESS_MS, patience);
}
