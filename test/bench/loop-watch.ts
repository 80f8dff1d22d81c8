// Loaded into our server before its own program, in lives of clusters so large that it does not count: watches the event loop
// more closely than /metrics does, which takes 1 millicore. Each SIGUSR2 writes the longest delay since the one before
// into the file that the environment names, in ms.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';

const EVERY_MS = 5;
const NANOS_PER_MS = 1e6;

const file = process.env['BENCH_LOOP_FILE'] ?? '';
const delays = monitorEventLoopDelay({ resolution: EVERY_MS });
delays.enable();
process.on('SIGUSR2', () => {
  const longestMs = Math.max(0, delays.max / NANOS_PER_MS - EVERY_MS);
  delays.reset();
  // Nobody reads half of it.
  writeFileSync(`${file}.new`, String(longestMs));
  renameSync(`${file}.new`, file);
});
