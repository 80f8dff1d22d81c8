import { describe, expect, test } from '@jest/globals';
import { expectGolden } from '../../support/golden.ts';
import { GROUPS, metricsMarkdown } from '../../support/metrics-markdown.ts';
import { ownFamilies, upstreamFamilies } from '../../support/own-families.ts';

const OWN = ownFamilies();
const UPSTREAM = new Map(upstreamFamilies().map((family) => [family.name, family]));
const COMMON = OWN.flatMap((own) => {
  const upstream = UPSTREAM.get(own.name);
  return upstream ? [{ name: own.name, own, upstream }] : [];
});

describe('docs/metrics.md', () => {
  test('is what the registry holds', () => {
    expectGolden('docs/metrics.md', metricsMarkdown(OWN, [...UPSTREAM.values()]));
  });

  test('shows each family once', () => {
    for (const { name } of OWN) {
      const groups = GROUPS.filter(({ prefixes }) =>
        prefixes.some((prefix) => name.startsWith(prefix)),
      );
      expect([name, groups.length]).toEqual([name, 1]);
    }
  });
});

describe('the families', () => {
  test.each(COMMON)("$name has upstream's type, labels, buckets and stability", (row) => {
    const { own, upstream } = row;

    expect({
      type: own.type,
      labels: own.labels,
      buckets: own.buckets,
      stability: /^\[(\w+)\]/.exec(own.help)?.[1] ?? '',
    }).toEqual({
      type: upstream.type,
      labels: upstream.labels,
      buckets: (upstream.buckets ?? []).map(Number),
      stability: upstream.stability,
    });
  });

  test("are upstream's wherever dashboards look (contract.md 9)", () => {
    expect(COMMON.length).toBeGreaterThan(55);
    for (const { name, type } of OWN) {
      const isOurOwn = name.startsWith('nodejs_') || name.startsWith('metrics_server_memory_');
      expect([name, type, UPSTREAM.has(name)]).toEqual([name, type, !isOurOwn]);
    }
  });

  test('are explained in sentences of their own', () => {
    for (const { name, help } of OWN.filter((family) => !family.name.startsWith('nodejs_'))) {
      expect([name, help]).toEqual([name, expect.stringMatching(/^(\[\w+\] )?[A-Z].*\.$/)]);
    }
  });
});
