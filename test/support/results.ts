import { writeFileSync } from 'node:fs';

/** How many tests of a run passed and failed. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * How to leave the counts of this run to a script that waits for them: as "PASSED FAILED" in the file that RESULTS
 * names, if it does. Takes the variable away, since what is started in the run counts for itself.
 */
export function takeResults(env: NodeJS.ProcessEnv): (counts: Counts) => void {
  const { RESULTS: file } = env;
  delete env['RESULTS'];
  return ({ passed, failed }) => {
    if (file !== undefined) writeFileSync(file, `${passed} ${failed}\n`);
  };
}
