import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseDockerfile } from '../../../e2e/oci/dockerfile.ts';
import { recipeOf } from '../../../e2e/oci/stages.ts';

const OURS = readFileSync(new URL('../../../../Dockerfile', import.meta.url), 'utf8');

function recipe(text: string, target = 'z') {
  return recipeOf(parseDockerfile(text), target);
}

/** The lines that stand behind the functions of the script. */
function own(script: string): string[] {
  return script
    .slice(script.lastIndexOf('\n}\n') + 3)
    .split('\n')
    .filter((line) => line !== '');
}

describe('recipeOf', () => {
  test('turns stages into overlays of what they are based on, and instructions into lines', () => {
    const { script, standsInFor } = recipe(
      [
        'FROM image:tag AS a',
        'ENV X=1',
        'WORKDIR /build',
        'COPY one two ./',
        'FROM a AS b',
        `RUN echo 'it is' "$X"`,
        'FROM scratch AS z',
        'COPY --from=b --chown=1:2 /build/out /',
      ].join('\n'),
    );

    expect(standsInFor).toEqual(['image:tag']);
    expect(own(script)).toEqual([
      "stage 'a' '/'",
      "machine 'a'",
      "fresh '/build'",
      "mkdir -p 'a/root/build'",
      "say 'a: COPY one two ./'",
      "to=$(inside 'a/root' '/build/./')",
      `from=$(inside "$context" 'one')`,
      `copy '0:0' "$from" "$to"`,
      `from=$(inside "$context" 'two')`,
      `copy '0:0' "$from" "$to"`,
      "stage 'b' 'a/upper:/'",
      "machine 'b'",
      String.raw`say 'b: RUN echo '\''it is'\'' "$X"'`,
      String.raw`run 'b' '/build' 'echo '\''it is'\'' "$X"' 'X=1'`,
      "stage 'z' 'empty'",
      "say 'z: COPY /build/out /'",
      "to=$(inside 'z/root' '/')",
      "from=$(inside 'b/root' '/build/out')",
      `copy '1:2' "$from" "$to"`,
      `cp -a 'z/root/.' "$3"`,
    ]);
  });

  test('leaves out the stages that the target is not made of', () => {
    const { script } = recipe(
      ['FROM x AS other', 'RUN a', 'FROM scratch AS z', 'COPY one /'].join('\n'),
    );

    expect(own(script)).toEqual([
      "stage 'z' 'empty'",
      "say 'z: COPY one /'",
      "to=$(inside 'z/root' '/')",
      `from=$(inside "$context" 'one')`,
      `copy '0:0' "$from" "$to"`,
      `cp -a 'z/root/.' "$3"`,
    ]);
  });

  test('takes the config of what a stage is based on, and lets it change', () => {
    const { config } = recipe(
      [
        'FROM scratch AS y',
        'ENV A=1 B=2',
        'USER 5',
        'WORKDIR /w',
        'ENTRYPOINT ["/a"]',
        'FROM y AS z',
        'ENV B=3 C=4',
        'CMD ["c"]',
        'ENTRYPOINT ["/z"]',
      ].join('\n'),
    );

    expect(config).toEqual({
      Env: ['A=1', 'B=3', 'C=4'],
      User: '5',
      WorkingDir: '/w',
      Entrypoint: ['/z'],
      Cmd: ['c'],
    });
  });

  test.each([
    ['FROM x AS y', 'Dockerfile: there is no stage "z"'],
    ['FROM scratch AS z\nCOPY --from=nobody a b', 'Dockerfile: there is no stage "nobody"'],
    [
      'FROM scratch AS y\nFROM y AS z\nRUN a',
      'Dockerfile:3: RUN: cannot be carried out in a stage without a shell',
    ],
    ['FROM x AS z\nUSER 5\nRUN a', 'Dockerfile:3: RUN: cannot be carried out as user 5'],
  ])('refuses %j', (text, message) => {
    expect(() => recipe(text)).toThrow(message);
  });
});

describe('our own Dockerfile', () => {
  test('starts the server as 65534, with half of its memory for V8, memory given back, and nothing else in its environment', () => {
    expect(recipe(OURS, 'server').config).toEqual({
      Env: [
        'NODE_ENV=production',
        'NODE_OPTIONS=--max-old-space-size-percentage=50',
        'MALLOC_ARENA_MAX=1',
        'MALLOC_MMAP_THRESHOLD_=131072',
        'MALLOC_TRIM_THRESHOLD_=131072',
      ],
      User: '65534',
      Entrypoint: ['/metrics-server'],
    });
  });

  test.each(['server', 'demo'])('makes of %s a script that a shell can read', (target) => {
    const { script, standsInFor } = recipe(OURS, target);

    const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(standsInFor).toEqual(['node:24-bookworm-slim']);
  });
});
