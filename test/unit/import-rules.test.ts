import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { expectGoldenBlock } from '../support/golden.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly rule: { readonly name: string };
      readonly from: string;
    }[];
  };
}

function cruise(folder: string, ...more: string[]): string {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      `${ROOT}/node_modules/dependency-cruiser/bin/dependency-cruiser.mjs`,
      '--config',
      `${ROOT}/.dependency-cruiser.js`,
      ...more,
      'src',
    ],
    { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  expect(stderr).toBe('');
  return stdout;
}

describe('the import rules', () => {
  test('find every forbidden import that is planted', () => {
    const report = JSON.parse(cruise(`${ROOT}/test/planted`, '--output-type', 'json')) as Report;

    const found = report.summary.violations.map(({ rule, from }) => `${from}: ${rule.name}`).sort();

    expect([...new Set(found)]).toEqual([
      'src/apis/metrics/group.ts: apis/[^/]+-imports-only-the-ground-floor',
      'src/apiserver/app.ts: apiserver-imports-only-the-ground-floor',
      'src/apiserver/app.ts: no-cycles',
      'src/apiserver/app.ts: the-simulator-stands-apart',
      'src/model/point.ts: ground-floor-imports-nothing-above',
      'src/storage/storage.ts: storage-imports-only-the-ground-floor',
      'src/storage/storage.ts: undici-has-one-door',
    ]);
  });

  test('hold in src, and src is really read', () => {
    const report = JSON.parse(cruise(ROOT, '--output-type', 'json')) as Report;

    expect(report.summary.violations).toEqual([]);
    expect(report.modules.filter(({ source }) => source.startsWith('src/')).length).toBeGreaterThan(
      50,
    );
  });

  test('draw the picture in docs/architecture.md', () => {
    const picture = cruise(
      ROOT,
      '--include-only',
      '^src',
      '--collapse',
      '^src/(apis/)?[^/]+/',
      '--output-type',
      'mermaid',
    );

    expectGoldenBlock(
      'docs/architecture.md',
      'import graph',
      `\`\`\`mermaid\n${picture.trim()}\n\`\`\`\n`,
    );
  });
});
