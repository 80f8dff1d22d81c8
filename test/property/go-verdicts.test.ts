import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { formatDurationNs, parseDuration } from '../../src/apimachinery/duration.ts';
import { parseFieldSelector } from '../../src/apimachinery/field-selector.ts';
import { parseLabelSelector } from '../../src/apimachinery/label-selector.ts';
import { formatCpu, formatMemory } from '../../src/apimachinery/quantity.ts';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { SERVED, negotiate } from '../../src/apiserver/encoding/negotiate.ts';
import { parseListOptions } from '../../src/apiserver/list-options.ts';
import { Query } from '../../src/apiserver/query.ts';
import { RequestInfoError, requestInfo } from '../../src/apiserver/request-info.ts';
import { chosen } from './references/accept.ts';
import { readDuration } from './references/duration.ts';
import { readFieldSelector } from './references/field-selector.ts';
import { labelsMatch, readLabelSelector } from './references/label-selector.ts';
import { judgeListOptions } from './references/list-options.ts';
import { meaningOf } from './references/request-info.ts';
import { readQuery } from './references/url.ts';

const SUPPORTED = ['metadata.name', 'metadata.namespace'];

/** test/fixtures/go-verdicts/README.md says where they are from. */
function verdicts(name: string): readonly object[] {
  const file = new URL(`../fixtures/go-verdicts/${name}.json`, import.meta.url);
  const all = JSON.parse(readFileSync(file, 'utf8')) as object[];
  if (all.length < 70) throw new Error(`Cannot judge by ${name}: expected at least 70 verdicts`);
  return all;
}

/** Each with a title fit for a line: cases hold controls. */
function titled<Verdict>(
  all: readonly Verdict[],
  titleOf: (verdict: Verdict) => string,
): [title: string, verdict: Verdict][] {
  return all.map((verdict) => [JSON.stringify(titleOf(verdict)), verdict]);
}

function outcome<Result extends object>(run: () => Result): Result | { error: string } {
  try {
    return run();
  } catch (error) {
    if (Error.isError(error)) return { error: error.message };
    throw error;
  }
}

type Parts = readonly [string, string, unknown];

/** Requirements in no order, `==` as `=`. */
function unordered(requirements: readonly Parts[]): string[] {
  return requirements
    .map(([name, operator, value]) =>
      JSON.stringify([name, operator === '==' ? '=' : operator, value]),
    )
    .sort();
}

interface SelectorVerdict {
  readonly text: string;
  readonly error?: string;
  readonly requirements?: readonly Parts[];
  readonly matches?: boolean;
}

/** What Go said, in the form that `outcome` gives. */
function expectedOf({ error, requirements, matches }: SelectorVerdict): object {
  return error === undefined ? { requirements: unordered(requirements ?? []), matches } : { error };
}

describe('label selectors, as Go judges them', () => {
  type Verdict = SelectorVerdict & { readonly labels: Readonly<Record<string, string>> };
  const all = verdicts('label-selectors') as readonly Verdict[];

  test.each(titled(all, ({ text }) => text))('%s', (_title, { labels: entries, ...verdict }) => {
    const labels = new Map(Object.entries(entries));

    const found = outcome(() => {
      const selector = parseLabelSelector(verdict.text);
      const parts = selector.requirements.map(({ key, operator, values }): Parts => [
        key,
        operator,
        values,
      ]);
      return { requirements: unordered(parts), matches: selector.matches(labels) };
    });
    const reference = readLabelSelector(verdict.text);

    expect(found).toEqual(expectedOf(verdict));
    expect(reference && unordered(reference)).toEqual(
      verdict.requirements && unordered(verdict.requirements),
    );
    expect(reference && labelsMatch(reference, labels)).toBe(verdict.matches);
  });
});

describe('field selectors, as Go judges them', () => {
  type Verdict = SelectorVerdict & {
    readonly fields: Readonly<Record<string, string>>;
    readonly exactName?: string | null;
  };
  const all = verdicts('field-selectors') as readonly Verdict[];

  test.each(titled(all, ({ text }) => text))('%s', (_title, { fields, exactName, ...verdict }) => {
    const found = outcome(() => {
      const selector = parseFieldSelector(verdict.text, SUPPORTED);
      const parts = selector.requirements.map(({ field, operator, value }): Parts => [
        field,
        operator,
        value,
      ]);
      const matches = selector.matches((field) => fields[field] ?? '');
      expect(selector.requiresExactMatch('metadata.name') ?? null).toBe(exactName);
      return { requirements: unordered(parts), matches };
    });
    const reference = readFieldSelector(verdict.text);

    expect(found).toEqual(expectedOf(verdict));
    expect(reference && unordered(reference)).toEqual(
      verdict.requirements && unordered(verdict.requirements),
    );
  });
});

describe('queries, as Go reads them', () => {
  const all = verdicts('queries') as readonly { text: string; values: [string, string[]][] }[];

  test.each(titled(all, ({ text }) => text))('%s', (_title, { text, values }) => {
    const query = Query.parse(text);

    expect(values.map(([name]) => [name, query.all(name)])).toEqual(values);
    expect(readQuery(text)).toEqual(new Map(values));
  });
});

describe('durations, as Go reads and writes them', () => {
  const all = verdicts('durations') as readonly {
    text: string;
    error?: string;
    ns?: string;
    canonical?: string;
  }[];
  const good = all.filter(({ error }) => error === undefined);
  const bad = all.filter(({ error }) => error !== undefined);

  test.each(titled(good, ({ text }) => text))('%s', (_title, { text, ns = '', canonical }) => {
    const exact = BigInt(ns);

    expect(parseDuration(text)).toBe(Number(exact / 1_000_000n) + Number(exact % 1_000_000n) / 1e6);
    expect(formatDurationNs(exact)).toBe(canonical);
    expect(readDuration(text)).toBeDefined();
  });

  test.each(titled(bad, ({ text }) => text))('%s is refused', (_title, { text, error = '' }) => {
    expect(() => parseDuration(text)).toThrow(new SyntaxError(error));
  });
});

describe('quantities, as Go writes them', () => {
  const all = verdicts('quantities') as readonly { amount: string; cpu: string; memory: string }[];

  test.each(all)('$amount', ({ amount, cpu, memory }) => {
    expect(formatCpu(BigInt(amount))).toBe(cpu);
    expect(formatMemory(BigInt(amount))).toBe(memory);
  });
});

describe('Accept headers, as upstream negotiates them', () => {
  interface Choice {
    readonly type: string;
    readonly as?: string;
    readonly pretty: boolean;
  }
  const all = verdicts('accept-headers') as readonly {
    header: string;
    resource: Choice | null;
    error: Choice | null;
  }[];

  function negotiated(header: string, transforms: boolean): Choice | null {
    const found = negotiate(header, SERVED, transforms);
    if (!found) return null;
    const { mediaType, transform, pretty } = found;
    const as = transform && { as: `${transform.kind}/${transform.version}` };
    return { type: mediaType.name, ...as, pretty };
  }

  test.each(titled(all, ({ header }) => header))('%s', (_title, { header, resource, error }) => {
    expect(negotiated(header, true)).toEqual(resource);
    expect(negotiated(header, false)).toEqual(error);
    expect(chosen(header, true) ?? null).toEqual(resource);
    expect(chosen(header, false) ?? null).toEqual(error);
  });
});

describe('list options, as upstream judges them', () => {
  const all = verdicts('list-options') as readonly {
    query: string;
    code: number;
    error?: string;
    watch?: boolean;
  }[];

  test.each(titled(all, ({ query }) => query))('%s', (_title, { query, ...verdict }) => {
    const found = outcome(() => ({ watch: parseListOptions(Query.parse(query)).watch }));
    const { code, watch } = judgeListOptions(query);

    expect({ code: codeOf(query), ...found }).toEqual(verdict);
    expect(code).toBe(verdict.code);
    expect(watch).toBe(verdict.watch ?? watch);
  });

  function codeOf(query: string): number {
    try {
      parseListOptions(Query.parse(query));
      return 200;
    } catch (error) {
      if (error instanceof StatusError) return error.code;
      throw error;
    }
  }
});

describe('request lines, as upstream reads them', () => {
  const all = verdicts('request-lines') as readonly {
    method: string;
    target: string;
    refusal?: string;
    info?: object;
  }[];

  test.each(titled(all, ({ method, target }) => `${method} ${target}`))(
    '%s',
    (_title, { method, target, refusal, info }) => {
      expect(read(method, target)).toEqual(info ?? refusal);
      expect(meaningOf(method, target)).toEqual(info ?? refusal);
    },
  );

  function read(method: string, target: string): object | string {
    try {
      const found = Object.entries(requestInfo(method, target));
      return Object.fromEntries(found.filter(([name]) => name !== 'query'));
    } catch (error) {
      if (error instanceof RequestInfoError) return error.code === 400 ? 'url' : 'info';
      throw error;
    }
  }
});
