import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { imageEntry } from '../../bench/image-entry.ts';

const DOCKERFILE = readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8');

describe('imageEntry', () => {
  test('reads the flags and the file off the script that is the entry', () => {
    const dockerfile = [
      'FROM app-files AS server-files',
      'RUN rm -r dist/simulator \\',
      ` && printf '%s\\n' '#!/nodejs/node --max-semi-space-size=4 --no-warnings' "import('/app/dist/main.js');" > metrics-server`,
    ].join('\n');

    expect(imageEntry(dockerfile)).toEqual({
      nodeFlags: ['--max-semi-space-size=4', '--no-warnings'],
      file: 'dist/main.js',
      env: {},
    });
  });

  test('reads them off an entry that calls Node itself, of the server and not of the demo', () => {
    const dockerfile = [
      'FROM debian AS build',
      'ENV ONLY_TO_BUILD=1',
      'FROM scratch AS runtime',
      'ENV NODE_ENV=production',
      'FROM runtime AS server',
      'ENV NODE_COMPILE_CACHE=/tmp/cache',
      'ENTRYPOINT ["/nodejs/node", "--max-semi-space-size=2", "/app/dist/server.js"]',
      'FROM runtime AS demo',
      'ENTRYPOINT ["/nodejs/node", "/app/dist/simulator/main.js"]',
    ].join('\n');

    expect(imageEntry(dockerfile)).toEqual({
      nodeFlags: ['--max-semi-space-size=2'],
      file: 'dist/server.js',
      env: { NODE_ENV: 'production', NODE_COMPILE_CACHE: '/tmp/cache' },
    });
  });

  test.each([
    {
      name: 'an entry of another program',
      lines: ['FROM runtime AS server', 'ENTRYPOINT ["/sh"]'],
    },
    { name: 'no entry', lines: ['FROM runtime AS server'] },
    {
      name: 'no such target',
      lines: ['FROM scratch AS other', 'ENTRYPOINT ["/nodejs/node", "/app/a.js"]'],
    },
  ])('refuses $name', ({ lines }) => {
    expect(() => imageEntry(lines.join('\n'))).toThrow(
      'Cannot find how the Dockerfile starts Node',
    );
  });

  test("understands the project's own Dockerfile", () => {
    const { nodeFlags, file, env } = imageEntry(DOCKERFILE);

    expect(file).toMatch(/^dist\/.+\.m?js$/);
    expect(env).toMatchObject({ NODE_ENV: 'production' });
    expect(nodeFlags).toContainEqual(expect.stringMatching(/^--max-semi-space-size=\d+$/));
  });
});
