import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Names } from '../../../src/kubelet/names.ts';
import { SummaryDecoder } from '../../../src/kubelet/summary.ts';
import { NodeBlock } from '../../../src/model/node-block.ts';
import { type Decoded, decodePlainly, decodedOf } from '../../support/decoded.ts';
import { forAll } from '../../support/properties.ts';
import { aSummary, kubeletBytes } from '../../support/summaries.ts';

const CAPTURES = fileURLToPath(new URL('../../fixtures/real-kubelet-1.36/', import.meta.url));
const captured = ['', 'churn/', 'cri/'].flatMap((folder) =>
  readdirSync(CAPTURES + folder)
    .filter((file) => /^summary.*\.json$/.test(file))
    .map((file) => folder + file),
);

// Both live through all the tests of this file, so that guesses meet layouts learnt from anything.
const guessing = new SummaryDecoder(new Names());
const generic = new SummaryDecoder(new Names(), { guess: false });

function outcome(decode: () => Decoded): Decoded | 'refused' {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return 'refused';
  }
}

function decodeWith(decoder: SummaryDecoder, bytes: Uint8Array): Decoded {
  const block = new NodeBlock();
  decoder.decode(bytes, block);
  return decodedOf(block);
}

function expectAgreement(bytes: Uint8Array): void {
  const expected = outcome(() => decodePlainly(bytes));

  expect(outcome(() => decodeWith(generic, bytes))).toEqual(expected);
  expect(outcome(() => decodeWith(guessing, bytes))).toEqual(expected);
}

describe('SummaryDecoder agrees with JSON.parse', () => {
  test.each(captured)('on the captured %s', (file) => {
    const bytes = readFileSync(CAPTURES + file);

    expect(decodePlainly(bytes).pods.length).toBeGreaterThan(5);
    expectAgreement(bytes);
  });

  test.each([
    { name: 'with pressure figures', spec: { psi: true } },
    { name: 'without pressure figures', spec: { psi: false } },
    { name: 'of 250 pods', spec: { pods: 250, secondContainerEvery: 1 } },
    { name: 'of an empty node', spec: { pods: 0 } },
  ])('on generated summaries $name, in every layout', ({ spec }) => {
    for (const round of [0, 1, 2]) {
      const summary = aSummary({ ...spec, round });

      expectAgreement(kubeletBytes(summary));
      expectAgreement(Buffer.from(JSON.stringify(summary)));
      expectAgreement(
        Buffer.from(JSON.stringify(summary, undefined, '\t').replaceAll('\n', '\r\n')),
      );
    }
  });

  test('on bytes that do not begin at the start of their memory', () => {
    const bytes = kubeletBytes(aSummary({ pods: 3 }));
    const shifted = Buffer.concat([Buffer.from('xyz'), bytes, Buffer.from('}}')]);

    expectAgreement(shifted.subarray(3, 3 + bytes.length));
  });

  test('on kubelets that never write the same layout twice, and on those after them', () => {
    for (let round = 0; round < 300; round++) {
      const { node, pods } = aSummary({ pods: 6, round });
      const odd = pods.map((pod, at) => ({
        ...pod,
        [`x${round}-${at}`]: [{ [`y${round}`]: at }, round, 'z'],
      }));
      expectAgreement(kubeletBytes({ node, pods: odd }));
    }

    expectAgreement(kubeletBytes(aSummary()));
  });

  test('on a summary cut at any byte', () => {
    const bytes = kubeletBytes(aSummary({ pods: 1 }));

    for (let length = 0; length < bytes.length; length++) {
      expect(outcome(() => decodeWith(generic, bytes.subarray(0, length)))).toBe('refused');
      expect(outcome(() => decodeWith(guessing, bytes.subarray(0, length)))).toBe('refused');
    }
  });
});

/** Members with names that mean something, values that may be anything. */
const names = fc.constantFrom('web', 'constructor', '__proto__', 'a"b', 'é', '', 'kube-system');
const times = fc.constantFrom(
  '2026-11-21T02:24:30Z',
  '2026-02-29T00:00:00Z',
  '2024-02-29T23:59:59Z',
  '2026-11-21T02:24:30.123456789Z',
  '2026-11-21T02:24:30+02:00',
  '0001-01-01T00:00:00Z',
  '1970-01-01T00:00:00Z',
  '2026-11-21T24:00:00Z',
  '2026-1x-21T02:24:30Z',
  'yesterday',
);
const numbers = fc.oneof(
  fc.nat(),
  fc.constantFrom(0, -1, 0.5, 1e21, 999_999_999_999_999, 9_007_199_254_740_991, 1e300),
  fc.maxSafeNat(),
);
const anything = fc.oneof(
  { weight: 6, arbitrary: numbers },
  { weight: 3, arbitrary: times },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const sometimes = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: anything });

const cpu = fc.record(
  { time: times, usageNanoCores: numbers, usageCoreNanoSeconds: numbers, psi: anything },
  { requiredKeys: [] },
);
const memory = fc.record(
  { time: times, availableBytes: numbers, workingSetBytes: sometimes(numbers) },
  { requiredKeys: [] },
);
const containers = fc.array(
  sometimes(
    fc.record(
      { name: sometimes(names), startTime: times, cpu: sometimes(cpu), memory: sometimes(memory) },
      { requiredKeys: ['name'] },
    ),
  ),
  { maxLength: 3 },
);
const pods = fc.array(
  sometimes(
    fc.record(
      {
        podRef: sometimes(
          fc.record(
            { name: names, namespace: names, uid: names },
            { requiredKeys: ['name', 'namespace'] },
          ),
        ),
        containers: sometimes(containers),
        volume: anything,
        cpu,
      },
      { requiredKeys: ['podRef'] },
    ),
  ),
  { maxLength: 4 },
);
const summaries = fc.record(
  {
    node: sometimes(
      fc.record({ nodeName: names, startTime: times, cpu, memory }, { requiredKeys: [] }),
    ),
    pods: sometimes(pods),
  },
  { requiredKeys: [] },
);

/** Puts marks of digits in place of digits, writes keys twice, in another order, or with escapes. */
const rewritten = fc
  .tuple(summaries, fc.constantFrom(undefined, 1, 2, '\t'), fc.nat(), fc.nat(4))
  .map(([summary, indent, seed, kind]) => {
    const text = JSON.stringify(summary, undefined, indent);
    if (kind === 1) return text.replace(/"(name|cpu|pods|containers|time)"/, '"\\u006eame"');
    if (kind === 2)
      return text.replace(
        /"usageCoreNanoSeconds": ?\d+/g,
        `"usageCoreNanoSeconds":${hugeNumber(seed)}`,
      );
    if (kind === 3)
      return text.replace(/("(?:cpu|memory|podRef|containers|pods|node)":)/g, '$1null,$1');
    if (kind === 4) return text.replace(/,("(?:containers|pods|cpu)": ?)/g, ',$1[5],$1');
    return text;
  });

function hugeNumber(seed: number): string {
  return (
    ['18446744073709551615', '18446744073709551616', '9007199254740993', '1E3', '-0', '1.9e+2'][
      seed % 6
    ] ?? ''
  );
}

describe('SummaryDecoder agrees with JSON.parse on invented input', () => {
  test('whatever the members are', () => {
    forAll(rewritten, (text) => {
      expectAgreement(Buffer.from(text));
    });
  });

  test('whatever bytes of a summary are changed: it refuses what JSON.parse refuses', () => {
    const bytes = kubeletBytes(aSummary({ pods: 4, psi: false }));
    const letters = Buffer.from('{}[]",:\\ \n0129-+.eEtfnul\u0000\u001fx/\ufeff');
    const change = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255), kind: fc.nat(3) });

    forAll(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
      let changed: Buffer = Buffer.from(bytes);
      for (const { at, byte, kind } of changes)
        changed = changeByte(changed, { at, byte, kind }, letters);
      expectAgreement(changed);
    });
  });
});

function changeByte(
  bytes: Buffer,
  { at, byte, kind }: { at: number; byte: number; kind: number },
  letters: Buffer,
): Buffer {
  const letter = letters[byte % letters.length] ?? 0;
  if (kind === 0) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  const inserted = Buffer.from([kind === 1 ? byte : letter]);
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(kind === 2 ? at : at + 1)]);
}
