import { describe, expect, test } from '@jest/globals';
import { parseOptions } from '../../../src/config/options.ts';
import { UsageError } from '../../../src/config/usage-error.ts';
import { TRIED, WORDS } from '../../support/command-lines.ts';

const RECORDED_WITH = '--bind-address=127.0.0.1';

/** The first line that the program prints, without `Error: `; null when it would run. */
function firstError(argv: readonly string[]): string | null {
  try {
    parseOptions([RECORDED_WITH, ...argv]);
    return null;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.problems[0]?.split('\n')[0] ?? '';
  }
}

const BROKEN = '--cors-allowed-origins has an invalid regular expression: error parsing regexp:';

/** What is told otherwise on purpose, by the command line: what ours says, and why. */
const OTHERWISE = new Map<string, { readonly error: string | null; readonly because: string }>([
  [
    '--metric-resolution=999999h',
    {
      error:
        'invalid argument "999999h" for "--metric-resolution" flag: expected at most 596h31m23.647s',
      because: 'no timer of Node waits longer',
    },
  ],
  [
    '--kubelet-request-timeout=61s',
    { error: null, because: 'the resolution grows with it, unless it is set' },
  ],
  ...['--secure-port=0', '--secure-port=-1'].map(
    (line) =>
      [
        line,
        {
          error: 'cannot derive external address port without listening on a secure port',
          because: 'it is an error like the others, with exit code 2 and not 255',
        },
      ] as const,
  ),
  ...['TLS_RSA_WITH_RC4_128_SHA', 'TLS_AES_128_GCM_SHA256'].map(
    (suite) =>
      [
        `--tls-cipher-suites=${suite}`,
        { error: null, because: 'only HTTP/2 asks for certain suites' },
      ] as const,
  ),
  ...[1, 30].map(
    (curve) =>
      [
        `--tls-curve-preferences=${curve}`,
        {
          error: `curve preference ${curve} is not supported by this server`,
          because: 'it is not Go that does not support it',
        },
      ] as const,
  ),
  [
    '--cors-allowed-origins=(',
    {
      error: `${BROKEN} Invalid regular expression: /(/: Unterminated group`,
      because: 'patterns are read by JavaScript',
    },
  ],
  [
    '--cors-allowed-origins=//foo(',
    {
      error: `${BROKEN} Invalid regular expression: ///foo(/: Unterminated group`,
      because: 'patterns are read by JavaScript',
    },
  ],
  [
    '--cors-allowed-origins=^https://(a$',
    {
      error: `${BROKEN} Invalid regular expression: /^https://(a$/: Unterminated group`,
      because: 'patterns are read by JavaScript',
    },
  ],
  [
    '--cors-allowed-origins=^https://[z-a]$',
    {
      error: `${BROKEN} Invalid regular expression: /^https://[z-a]$/: Range out of order in character class`,
      because: 'patterns are read by JavaScript',
    },
  ],
  [
    '--cors-allowed-origins=^https://a**$',
    {
      error: `${BROKEN} Invalid regular expression: /^https://a**$/: Nothing to repeat`,
      because: 'patterns are read by JavaScript',
    },
  ],
  [
    '--cors-allowed-origins=^https://(?<!a)b$',
    {
      error: `${BROKEN} invalid or unsupported Perl syntax: \`(?<!\``,
      because: 'Go takes it for the name of a group that is wrong',
    },
  ],
  [
    '--kubeconfig=/nope -l a=(b',
    {
      error: "unable to parse requirement: found '(', expected: identifier",
      because: 'words are judged before files',
    },
  ],
]);

const NO_AUDIT = {
  error: 'cannot audit: this server writes no audit log',
  because: 'who asks for an audit log must not believe that there is one',
};
OTHERWISE.set('--audit-policy-file=/nope --audit-log-path=-', NO_AUDIT);

describe('a command line that the Go server was given', () => {
  test.each(WORDS.map((row) => ({ ...row, line: row.argv.join(' ') })))(
    'is judged as there: $line',
    ({ argv, line, error }) => {
      const otherwise = OTHERWISE.get(line);
      const expected = otherwise === undefined ? error : otherwise.error;

      expect(firstError(argv)).toBe(expected);
      expect(error).not.toBe(otherwise?.error);
    },
  );

  test('is judged by its words wherever they are enough', () => {
    expect(WORDS.length).toBeGreaterThan(200);
    for (const { argv } of TRIED) {
      const line = argv.join(' ');
      const expected = OTHERWISE.get(line)?.error ?? null;
      expect([line, firstError(argv)]).toEqual([line, expected]);
    }
  });
});
