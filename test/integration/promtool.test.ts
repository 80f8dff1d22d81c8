import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ruleFile } from '../support/alert-rules.ts';
import { pageAfterUse } from '../support/own-page.ts';

interface Verdict {
  readonly code: number | null;
  readonly lines: readonly string[];
}

/** Prometheus' own judge, with a text on its standard input. */
async function promtool(words: readonly string[], input = ''): Promise<Verdict> {
  const child = spawn('promtool', words, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, lines: said.split('\n').filter((line) => line !== '') };
}

describe('promtool', () => {
  test("reads our metrics, and objects to nothing but upstream's own names", async () => {
    const { lines } = await promtool(['check', 'metrics'], await pageAfterUse());

    expect([...lines].sort()).toEqual([
      'authenticated_user_requests counter metrics should have "_total" suffix',
      'authentication_attempts counter metrics should have "_total" suffix',
      'authentication_token_cache_active_fetch_count non-histogram and non-summary metrics should not have "_count" suffix',
    ]);
  });

  test('objects to a page that is broken', async () => {
    const { code } = await promtool(['check', 'metrics'], '# TYPE a counter\na{b="c} 1\n');

    expect(code).not.toBe(0);
  });

  test('takes the alert rules that our series are held against', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metrics-server-rules-'));
    try {
      const file = join(folder, 'rules.yaml');
      await writeFile(file, ruleFile());

      const { code, lines } = await promtool(['check', 'rules', file]);

      expect({ code, last: lines.at(-1) }).toEqual({
        code: 0,
        last: expect.stringMatching(/SUCCESS: \d+ rules found/) as unknown,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
