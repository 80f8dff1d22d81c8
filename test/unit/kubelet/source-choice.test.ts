import { describe, expect, test } from '@jest/globals';
import { SourceChoice } from '../../../src/kubelet/source-choice.ts';
import type { KubeletNode } from '../../../src/kubelet/node-address.ts';

const HOUR_MS = 3_600_000;
const SUMMARY = '/stats/summary?only_cpu_and_memory=true';
const PAGE = '/metrics/resource';

function aNode(name: string, resourceMetricsPath = ''): KubeletNode {
  return { name, addresses: [], kubeletPort: 0, resourceMetricsPath };
}

/** The paths that are asked for, the second one only after a refusal. */
function paths(choice: SourceChoice, node: KubeletNode, nowMs: number): (string | undefined)[] {
  const { path, otherwise } = choice.for(node, nowMs);
  return otherwise ? [path, otherwise.path] : [path];
}

describe('SourceChoice', () => {
  test.each([
    { flag: 'auto', expected: [SUMMARY, PAGE] },
    { flag: 'summary', expected: [SUMMARY] },
    { flag: 'resource', expected: [PAGE] },
  ] as const)('asks for $expected with --kubelet-metrics-source=$flag', ({ flag, expected }) => {
    expect(paths(new SourceChoice(flag), aNode('a'), 0)).toEqual(expected);
  });

  test('asks for the page alone for an hour after the summary was refused', () => {
    const choice = new SourceChoice('auto');

    choice.remember('a', 1_000);

    expect(paths(choice, aNode('a'), 1_000)).toEqual([PAGE]);
    expect(paths(choice, aNode('a'), 1_000 + HOUR_MS - 1)).toEqual([PAGE]);
    expect(paths(choice, aNode('b'), 1_000)).toEqual([SUMMARY, PAGE]);
    expect(paths(choice, aNode('a'), 1_000 + HOUR_MS)).toEqual([SUMMARY, PAGE]);
  });

  test('forgets a node', () => {
    const choice = new SourceChoice('auto');
    choice.remember('a', 0);

    choice.forget('a');

    expect(paths(choice, aNode('a'), 1)).toEqual([SUMMARY, PAGE]);
  });

  test.each([
    { annotation: '/metrics/custom', path: '/metrics/custom' },
    { annotation: 'metrics/custom', path: '/metrics/custom' },
    { annotation: '/a?b=c', path: '/a%3Fb=c' },
    { annotation: '/a#b', path: '/a%23b' },
    { annotation: '/a b', path: '/a%20b' },
    { annotation: '/a%20b', path: '/a%2520b' },
    { annotation: '/ä/€', path: '/%C3%A4/%E2%82%AC' },
    {
      annotation: `/!'()*[]"<>\\^\`{|}`,
      path: '/%21%27%28%29%2A%5B%5D%22%3C%3E%5C%5E%60%7B%7C%7D',
    },
    { annotation: '/-_.~$&+,/:;=@', path: '/-_.~$&+,/:;=@' },
    { annotation: '/a\r\nx: y', path: '/a%0D%0Ax:%20y' },
    { annotation: '//evil.example/', path: '//evil.example/' },
  ])('makes a path of the annotation $annotation as Go does', ({ annotation, path }) => {
    const ask = new SourceChoice('summary').for(aNode('a', annotation), 0);

    expect(ask).toEqual({ source: 'resource', path, otherwise: undefined });
  });
});
