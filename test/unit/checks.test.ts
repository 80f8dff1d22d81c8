import { describe, expect, test } from '@jest/globals';
import { type Vitals, healthChecks } from '../../src/checks.ts';

function vitals(
  failingByReason: ReadonlyMap<string, number>,
  figures: { readonly nodes: boolean; readonly pods: boolean },
  isAway = false,
): Vitals {
  return {
    kubeApiServer: { isAway },
    nodes: { synced: true },
    pods: { synced: true },
    trust: undefined,
    hasFigures: () => figures.nodes,
    hasPodFigures: () => figures.pods,
    schedule: () => ({
      nodes: 5,
      failing: [...failingByReason.values()].reduce((sum, count) => sum + count, 0),
      failingByReason,
      everyReachableNodeScrapedOnce: true,
      firstResolutionOver: true,
      turning: true,
    }),
    shuttingDown: () => false,
  };
}

function checkOf(name: string, whose: Vitals) {
  return healthChecks(whose).find((check) => check.name === name);
}

describe('metric-storage-ready', () => {
  test('says why nothing is there, most frequent first, and what to do', () => {
    const failing = new Map([
      ['timeout', 1],
      ['forbidden', 3],
      ['decode', 1],
    ]);
    const check = checkOf('metric-storage-ready', vitals(failing, { nodes: false, pods: false }));

    expect(check?.check()).toBe('no metrics to serve');
    expect(check?.detail?.()).toBe(
      '5 nodes, 5 failing, figures of nodes: no, of pods: no; ' +
        'forbidden: 3 (grant "get" on nodes/stats or nodes/metrics to our service account); ' +
        'timeout: 1 (check firewalls, or raise --kubelet-request-timeout); decode: 1 (see the log)',
    );
  });

  test('passes with figures of nodes alone, and says that pods have none', () => {
    const check = checkOf('metric-storage-ready', vitals(new Map(), { nodes: true, pods: false }));

    expect(check?.check()).toBeUndefined();
    expect(check?.detail?.()).toBe('5 nodes, 0 failing, figures of nodes: yes, of pods: no');
  });

  test('says that kube-apiserver is away, for want of which kubelets refuse us, and passes with figures', () => {
    const failing = new Map([['undecided', 5]]);
    const check = checkOf(
      'metric-storage-ready',
      vitals(failing, { nodes: true, pods: true }, true),
    );

    expect(check?.check()).toBeUndefined();
    expect(check?.detail?.()).toBe(
      '5 nodes, 5 failing, figures of nodes: yes, of pods: yes; ' +
        'undecided: 5 (the kubelets could not ask kube-apiserver whether we may); ' +
        'kube-apiserver cannot be reached, which kubelets ask whether they may answer us',
    );
  });
});
