import assert from 'node:assert/strict';
import type { ClusterKubectl } from './ask-cluster.ts';
import type { Check } from './part.ts';

/** What kubectl printed, line by line and word by word. Rejects with what it complained of. */
export async function tableOf(
  kubectl: ClusterKubectl,
  words: readonly string[],
): Promise<string[][]> {
  const out = await kubectl.run(...words);
  return out
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
}

/** The flags that `kubectl top pods` or `kubectl top nodes` says it has. */
export async function flagsOf(kubectl: ClusterKubectl, kind: 'pods' | 'nodes'): Promise<string[]> {
  const help = await kubectl.run('top', kind, '--help');
  return [...help.matchAll(/^ +(?:-\w, )?(--[\w-]+)=/gm)].map(([, flag = '']) => flag);
}

/** What an older kubectl says, which has no such flag. */
export async function refusesSwap(
  kubectl: ClusterKubectl,
  kind: 'pods' | 'nodes',
  check: Check,
): Promise<void> {
  await check(`kubectl top ${kind} --show-swap: this kubectl does not know it yet`, async () => {
    const { code, out, err } = await kubectl.ask(['top', kind, '--show-swap']);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^error: unknown flag: --show-swap\n/i);
  });
}
