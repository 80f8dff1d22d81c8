import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { refuseIgnored } from '../../../e2e/oci/context.ts';
import { parseDockerfile } from '../../../e2e/oci/dockerfile.ts';

function ours(name: string): string {
  return readFileSync(new URL(`../../../../${name}`, import.meta.url), 'utf8');
}

describe('refuseIgnored', () => {
  test('lets our own Dockerfile copy what it copies', () => {
    const stages = parseDockerfile(ours('Dockerfile'));

    expect(() => {
      refuseIgnored(stages, ours('.dockerignore'));
    }).not.toThrow();
  });

  test.each([
    ['src', 'Dockerfile:2: COPY: .dockerignore leaves out "src/a.ts"'],
    ['*.ts', '.dockerignore: cannot make sense of "*.ts"'],
    ['!src', '.dockerignore: cannot make sense of "!src"'],
    ['src/a.ts', '.dockerignore: cannot make sense of "src/a.ts"'],
  ])('refuses to copy src/a.ts where it says %s', (ignored, message) => {
    const stages = parseDockerfile('FROM x AS y\nCOPY src/a.ts ./');

    expect(() => {
      refuseIgnored(stages, `# comment\ndist\n${ignored}\n`);
    }).toThrow(message);
  });

  test('has nothing to say of what another stage made', () => {
    const stages = parseDockerfile('FROM x AS y\nFROM y AS z\nCOPY --from=y dist ./');

    expect(() => {
      refuseIgnored(stages, 'dist');
    }).not.toThrow();
  });
});
