import { request } from 'node:https';
import type { Endpoint } from './backend.ts';
import { RecurringTask } from './recurring-task.ts';

/** manifests/base asks every 10 s; here one does not want to wait so long. */
const PERIOD_MS = 1000;
/** While it starts. */
const FIRST_PERIOD_MS = 100;
const TIMEOUT_MS = 1000;
const FAILURE_THRESHOLD = 3;

/**
 * Asks `/readyz` as the kubelet of the metrics server's pod would: one success makes it ready, three
 * failures in a row make it unready.
 */
export function probeReadiness(
  endpoint: Endpoint,
  onChange: (ready: boolean) => void,
): AsyncDisposable {
  let isReady = false;
  let failures = 0;

  async function probe(): Promise<boolean> {
    const passed = await passes(endpoint);
    failures = passed ? 0 : failures + 1;
    if (passed !== isReady && (passed || failures >= FAILURE_THRESHOLD)) {
      isReady = passed;
      onChange(passed);
    }
    return passed;
  }

  const task = new RecurringTask(probe, {
    afterSuccessMs: PERIOD_MS,
    afterFailureMs: FIRST_PERIOD_MS,
    longestFailureMs: FIRST_PERIOD_MS,
  });
  task.trigger();
  return task;
}

/** Never rejects: whatever goes wrong means not ready. The certificate is not verified, as by a kubelet. */
function passes({ host, port }: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request(
      { host, port, path: '/readyz', rejectUnauthorized: false, agent: false, timeout: TIMEOUT_MS },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    probe.once('timeout', () => probe.destroy(new Error('timed out')));
    probe.once('error', () => {
      resolve(false);
    });
    probe.end();
  });
}
