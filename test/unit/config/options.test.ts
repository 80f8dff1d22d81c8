import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { FLAG_BY_NAME } from '../../../src/config/flags.ts';
import type { FlagValues } from '../../../src/config/flags.ts';
import { parseOptions } from '../../../src/config/options.ts';
import { UsageError } from '../../../src/config/usage-error.ts';

function valuesOf(...argv: string[]): FlagValues {
  return parseOptions(argv).values;
}

function problemsOf(...argv: string[]): readonly string[] {
  try {
    parseOptions(argv);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

describe('FLAGS', () => {
  /** Names, types and defaults as the libraries of upstream's server declare them (k8s.io 0.36.3, metrics-server 0.9). */
  const upstream = JSON.parse(
    readFileSync(new URL('../../fixtures/config/upstream-flags.json', import.meta.url), 'utf8'),
  ) as { name: string; shorthand: string; type: string; default: string }[];

  test.each(upstream.filter(({ name }) => name !== 'metric-resolution'))(
    "have upstream's --$name with its type and default",
    ({ name, shorthand, type, default: text }) => {
      const flag = FLAG_BY_NAME.get(name);
      const isZero = ['', 'false', '0', '0s', '[]', '<nil>'].includes(text);

      expect(flag).toMatchObject({ type, bare: type === '' ? 'true' : undefined });
      expect(flag?.shorthand ?? '').toBe(shorthand);
      expect(flag?.defaultText.replace(/^"(.*)"$/, '$1')).toBe(isZero ? '' : text);
    },
  );

  test('have a shorter resolution than upstream, and no flags but four of our own', () => {
    const names = new Set(upstream.map(({ name }) => name));

    expect(FLAG_BY_NAME.get('metric-resolution')?.defaultText).toBe('15s');
    expect([...FLAG_BY_NAME.keys()].filter((name) => !names.has(name)).sort()).toEqual([
      'bootstrap-from-kubelet-rate',
      'kubelet-max-response-bytes',
      'kubelet-metrics-source',
      'metric-staleness',
    ]);
  });
});

describe('parseOptions', () => {
  test('reads every kind of value in every form of pflag', () => {
    expect(
      valuesOf(
        ...['--kubeconfig=a=b', '--cert-dir', '/tmp', '--secure-port', '10250', '-l', 'a=b'],
        ...['--kubelet-insecure-tls', '--kubelet-request-timeout=1m30s', '-v=2'],
      ),
    ).toMatchObject({
      kubeconfig: 'a=b',
      'cert-dir': '/tmp',
      'secure-port': 10250,
      'node-selector': 'a=b',
      'kubelet-insecure-tls': true,
      'kubelet-request-timeout': 90_000,
      v: 2,
    });
  });

  test.each([[['-v2']], [['-v', '2']], [['-v=2']], [['--v=2']], [['--v', '2']], [['-v=1', '-v2']]])(
    'reads the level from %j',
    (argv) => {
      expect(valuesOf(...argv).v).toBe(2);
    },
  );

  test.each([[['-la=b']], [['-l=a=b']], [['-l', 'a=b']], [['--node-selector', 'a=b']]])(
    'reads the selector from %j',
    (argv) => {
      expect(valuesOf(...argv)['node-selector']).toBe('a=b');
    },
  );

  test.each([
    [['--kubelet-insecure-tls'], true],
    ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text): [string[], boolean] => [
      [`--kubelet-insecure-tls=${text}`],
      true,
    ]),
    ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text): [string[], boolean] => [
      [`--kubelet-insecure-tls=${text}`],
      false,
    ]),
    [['--kubelet-insecure-tls', 'false'], true],
    [['--kubelet-insecure-tls', '--kubelet-insecure-tls=false'], false],
  ])('reads the switch from %j', (argv, expected) => {
    expect(valuesOf(...argv)['kubelet-insecure-tls']).toBe(expected);
  });

  test.each<[string[], string[]]>([
    [[], ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP']],
    [['=InternalIP'], ['InternalIP']],
    [
      ['=InternalIP,Hostname', '=ExternalIP'],
      ['InternalIP', 'Hostname', 'ExternalIP'],
    ],
    [['='], []],
    [['="a,b",c'], ['a,b', 'c']],
    [['=a, b'], ['a', ' b']],
  ])('reads the list from %j: the first use replaces the default', (uses, expected) => {
    const argv = uses.map((use) => `--kubelet-preferred-address-types${use}`);

    expect(valuesOf(...argv)['kubelet-preferred-address-types']).toEqual(expected);
  });

  test('ignores words that belong to no flag, and everything after --', () => {
    expect(valuesOf('serve', '--secure-port=1', '-', 'now', '--', '--bogus')).toMatchObject({
      'secure-port': 1,
    });
  });

  test('lets a flag take a word that looks like a flag', () => {
    expect(valuesOf('--kubeconfig', '--version')).toMatchObject({
      kubeconfig: '--version',
      version: false,
    });
  });

  test('knows which flags were typed', () => {
    expect([...parseOptions(['--secure-port=443', '-v=0']).given]).toEqual(['secure-port', 'v']);
  });

  test.each([[['--help']], [['-h']], [['--metric-resolution=1s', '--help', '--version']]])(
    'wants nothing but the help from %j',
    (argv) => {
      expect(parseOptions(argv).help).toBe(true);
    },
  );

  test('wants to be understood even by those who ask for help', () => {
    expect(problemsOf('--help', '--bogus')).toEqual(['unknown flag: --bogus']);
    expect(problemsOf('--help=maybe')).toEqual([
      'invalid argument "maybe" for "-h, --help" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ]);
    expect(parseOptions(['--help=false']).help).toBe(false);
  });

  test('does not look for contradictions when only the version is wanted', () => {
    expect(parseOptions(['--version', '--metric-resolution=1s']).version).toBe(true);
    expect(problemsOf('--version', '--bogus')).toEqual(['unknown flag: --bogus']);
  });

  test.each([
    [['--bogus'], 'unknown flag: --bogus'],
    [['--kubelet_port=1'], 'unknown flag: --kubelet_port\nDid you mean --kubelet-port?'],
    [
      ['--kubelet-isecure-tls'],
      'unknown flag: --kubelet-isecure-tls\nDid you mean --kubelet-insecure-tls?',
    ],
    [['--constructor'], 'unknown flag: --constructor'],
    [['-x'], "unknown shorthand flag: 'x' in -x"],
    [['-xv2'], "unknown shorthand flag: 'x' in -xv2"],
    [['---v'], 'bad flag syntax: ---v'],
    [['--=v'], 'bad flag syntax: --=v'],
    [['--secure-port'], 'flag needs an argument: --secure-port'],
    [['-v'], "flag needs an argument: 'v' in -v"],
    [
      ['--metric-resolution=abc'],
      'invalid argument "abc" for "--metric-resolution" flag: time: invalid duration "abc"',
    ],
    [
      ['--kubelet-port', 'abc'],
      'invalid argument "abc" for "--kubelet-port" flag: strconv.ParseInt: parsing "abc": invalid syntax',
    ],
    [
      ['--kubelet-insecure-tls=maybe'],
      'invalid argument "maybe" for "--kubelet-insecure-tls" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      ['-v=x'],
      'invalid argument "x" for "-v, --v" flag: strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [
      ['--bind-address=foo'],
      'invalid argument "foo" for "--bind-address" flag: failed to parse IP: "foo"',
    ],
    [
      ['--kubelet-metrics-source=both'],
      'invalid argument "both" for "--kubelet-metrics-source" flag: expected one of auto, summary, resource',
    ],
    [
      ['--tls-sni-cert-key=a'],
      'invalid argument "a" for "--tls-sni-cert-key" flag: expected comma separated certificate and key file paths',
    ],
    [
      ['--requestheader-allowed-names=a"b'],
      'invalid argument "a\\"b" for "--requestheader-allowed-names" flag: parse error on line 1, column 2: bare " in non-quoted-field',
    ],
  ])('refuses %j', (argv, problem) => {
    expect(problemsOf(...argv)).toEqual([problem]);
  });

  test('reports every mistake of the line at once, contradictions too', () => {
    expect(
      problemsOf(
        ...['--bogus', '--secure-port=x', '--kubelet-client-key=k', '-x', '--goaway-chance=1'],
      ),
    ).toEqual([
      'unknown flag: --bogus',
      'invalid argument "x" for "--secure-port" flag: strconv.ParseInt: parsing "x": invalid syntax',
      "unknown shorthand flag: 'x' in -x",
      'need both --kubelet-client-key and --kubelet-client-certificate',
      '--goaway-chance can not be less than 0 or greater than 0.02',
    ]);
  });

  test('does not blame a value that could not be read for a contradiction as well', () => {
    expect(problemsOf('--kubelet-request-timeout=abc', '--metric-resolution=10s')).toEqual([
      'invalid argument "abc" for "--kubelet-request-timeout" flag: time: invalid duration "abc"',
    ]);
  });
});
