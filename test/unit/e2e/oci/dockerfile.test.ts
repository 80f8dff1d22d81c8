import { describe, expect, test } from '@jest/globals';
import { parseDockerfile } from '../../../e2e/oci/dockerfile.ts';

describe('parseDockerfile', () => {
  test('reads stages and their instructions, each with the line that it begins on', () => {
    const text = String.raw`# what it is

FROM image:tag AS build
workdir /build
RUN one && \
    # in the midst of it

    two 'a  b' \
 && three
COPY a b ./
FROM scratch AS server
COPY --from=build --chown=1:2 /build/out /out
ENV A=b PATHS=/x:/y
USER 65534
ENTRYPOINT ["/program", "--word"]
CMD ["more"]
`;

    expect(parseDockerfile(text)).toEqual([
      {
        name: 'build',
        base: 'image:tag',
        instructions: [
          { kind: 'WORKDIR', line: 4, value: '/build' },
          { kind: 'RUN', line: 5, command: "one && two 'a  b' && three" },
          {
            kind: 'COPY',
            line: 10,
            from: undefined,
            owner: '0:0',
            sources: ['a', 'b'],
            target: './',
          },
        ],
      },
      {
        name: 'server',
        base: 'scratch',
        instructions: [
          {
            kind: 'COPY',
            line: 12,
            from: 'build',
            owner: '1:2',
            sources: ['/build/out'],
            target: '/out',
          },
          { kind: 'ENV', line: 13, variables: ['A=b', 'PATHS=/x:/y'] },
          { kind: 'USER', line: 14, value: '65534' },
          { kind: 'ENTRYPOINT', line: 15, words: ['/program', '--word'] },
          { kind: 'CMD', line: 16, words: ['more'] },
        ],
      },
    ]);
  });

  test.each([
    ['RUN a', 'Dockerfile:1: RUN: cannot carry out an instruction before FROM'],
    ['FROM a', 'Dockerfile:1: FROM: cannot carry out "a": expected IMAGE AS NAME'],
    [
      'FROM --platform=x a AS b',
      'Dockerfile:1: FROM: cannot carry out "--platform=x a AS b": expected IMAGE AS NAME',
    ],
    [
      'FROM $BASE AS b',
      'Dockerfile:1: FROM: cannot carry out "$BASE AS b": expected IMAGE AS NAME',
    ],
    ['FROM a AS b\nFROM c AS b', 'Dockerfile:2: FROM: cannot carry out a second stage "b"'],
    ['FROM a AS b\n\nARG X', 'Dockerfile:3: ARG: cannot carry out this instruction'],
    ['FROM a AS b\nADD x y', 'Dockerfile:2: ADD: cannot carry out this instruction'],
    [
      'FROM a AS b\nRUN --mount=type=cache,target=/x a',
      'Dockerfile:2: RUN: cannot carry out flags, lists of words, or here-documents',
    ],
    ['FROM a AS b\nRUN cat <<EOF', 'Dockerfile:2: RUN: cannot carry out flags, lists'],
    ['FROM a AS b\nRUN ["a"]', 'Dockerfile:2: RUN: cannot carry out flags, lists'],
    ['FROM a AS b\nCOPY a', 'Dockerfile:2: COPY: cannot carry out "a": expected SOURCE... TARGET'],
    ['FROM a AS b\nCOPY a b c', 'Dockerfile:2: COPY: cannot carry out "c": expected a folder/'],
    ['FROM a AS b\nCOPY *.json ./', 'Dockerfile:2: COPY: cannot carry out "*.json"'],
    ['FROM a AS b\nCOPY ../x ./', 'Dockerfile:2: COPY: cannot carry out "../x"'],
    ['FROM a AS b\nCOPY $X ./', 'Dockerfile:2: COPY: cannot carry out "$X"'],
    [
      'FROM a AS b\nCOPY --chmod=755 a b',
      'Dockerfile:2: COPY: cannot carry out --chmod=755: expected --from=STAGE or --chown=UID:GID',
    ],
    ['FROM a AS b\nCOPY --chown=me a b', 'Dockerfile:2: COPY: cannot carry out --chown=me'],
    ['FROM a AS b\nENV A b', 'Dockerfile:2: ENV: cannot carry out "A": expected NAME=value'],
    ['FROM a AS b\nENV A="b c"', 'Dockerfile:2: ENV: cannot carry out "A="b": expected NAME=value'],
    ['FROM a AS b\nWORKDIR x', 'Dockerfile:2: WORKDIR: cannot carry out a path that is relative'],
    ['FROM a AS b\nUSER $U', 'Dockerfile:2: USER: cannot carry out "$U"'],
    [
      'FROM a AS b\nENTRYPOINT /program',
      'Dockerfile:2: ENTRYPOINT: cannot carry out "/program": expected ["program", "word"]',
    ],
    ['FROM a AS b\nCMD [1]', 'Dockerfile:2: CMD: cannot carry out "[1]"'],
    ['FROM a AS b\nRUN a && \\', 'Dockerfile:2: ends within an instruction'],
  ])('names the line of what it cannot carry out: %j', (text, message) => {
    expect(() => parseDockerfile(text)).toThrow(message);
  });
});
