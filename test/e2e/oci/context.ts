import type { Stage } from './dockerfile.ts';

/**
 * Docker does not even see what .dockerignore names, so a COPY of it fails there; so it does here.
 * @throws Error for a pattern that is more than a name in the Dockerfile's folder, and for a COPY of what is ignored
 */
export function refuseIgnored(stages: readonly Stage[], dockerignore: string): void {
  const ignored = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const odd = ignored.find((name) => !/^[\w.-]+$/.test(name));
  if (odd !== undefined) throw new Error(`.dockerignore: cannot make sense of "${odd}"`);
  for (const { instructions } of stages) {
    for (const each of instructions) {
      if (each.kind !== 'COPY' || each.from !== undefined) continue;
      const [bad] = each.sources.filter((source) => ignored.includes(source.split('/')[0] ?? ''));
      if (bad !== undefined) {
        throw new Error(`Dockerfile:${each.line}: COPY: .dockerignore leaves out "${bad}"`);
      }
    }
  }
}
