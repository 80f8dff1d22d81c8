import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseLabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { systemClock } from '../../../src/clock.ts';
import type { PodRecord } from '../../../src/kube/pod-record.ts';
import { PodInformer, PodMirror } from '../../../src/kube/pods.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { OpenClient } from '../../support/open-client.ts';
import { waitFor } from '../../support/wait-for.ts';

const EVERYTHING = parseLabelSelector('');

/** Takes every text as it is. */
const NO_POOL = { share: (text: string) => text };

let client: OpenClient;
let pods: PodInformer;

beforeEach(() => {
  client = new OpenClient();
  pods = new PodInformer({
    client,
    clock: systemClock,
    log: new LogRecorder(),
    random: () => 0,
    names: NO_POOL,
    timing: { backoff: { minMs: 5, maxMs: 5 } },
  });
  pods.start();
});

afterEach(async () => {
  await pods[Symbol.asyncDispose]();
});

function namesOf(list: Iterable<PodRecord | undefined>): string[] {
  return [...list].flatMap((pod) => pod?.name ?? []);
}

function aPod(name: string, metadata: object = {}, rest: object = {}): object {
  return {
    metadata: {
      namespace: 'default',
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      labels: { app: 'web' },
      ...metadata,
    },
    ...rest,
  };
}

describe('PodInformer', () => {
  test('asks for the metadata of running pods, and takes whole pods where it cannot be had', async () => {
    client.list(
      ['ADDED', aPod('b', {}, { kind: 'PartialObjectMetadata' })],
      [
        'ADDED',
        aPod('a', {}, { kind: 'Pod', spec: { nodeName: 'n' }, status: { phase: 'Running' } }),
      ],
    );

    await pods.whenSynced(AbortSignal.timeout(20_000));

    expect(namesOf(pods.list('default', EVERYTHING))).toEqual(['a', 'b']);
    const [request] = client.requests;
    expect(request?.path).toMatch(/^\/api\/v1\/pods\?.*fieldSelector=status\.phase%3DRunning/);
    expect(request?.accept).toMatch(
      /^application\/vnd\.kubernetes\.protobuf;as=PartialObjectMetadata;v=v1;g=meta\.k8s\.io,application\/json;as=PartialObjectMetadata;v=v1;g=meta\.k8s\.io,application\/json$/,
    );
  });

  test('keeps namespace, name, uid, labels and the uid of a mirror pod', async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'hash-of-the-file', other: 'x' };
    client.list([
      'ADDED',
      aPod('etcd', { namespace: 'kube-system', annotations, managedFields: [{}] }),
    ]);

    await pods.whenSynced(AbortSignal.timeout(20_000));

    const pod = pods.get('kube-system', 'etcd');
    expect({ ...pod, labels: pod?.labels.json }).toEqual({
      namespace: 'kube-system',
      name: 'etcd',
      uid: 'uid-etcd',
      mirrorUid: 'hash-of-the-file',
      labels: '{"app":"web"}',
    });
  });

  test('lets pods with equal labels share them', async () => {
    client.list(
      ['ADDED', aPod('a', { labels: { app: 'web', tier: 'x' } })],
      ['ADDED', aPod('b', { labels: { tier: 'x', app: 'web' } })],
    );

    await pods.whenSynced(AbortSignal.timeout(20_000));

    expect(pods.get('default', 'a')?.labels).toBe(pods.get('default', 'b')?.labels);
  });

  test('follows labels, pods that come again under their name, and pods that go', async () => {
    client.list(['ADDED', aPod('a')], ['ADDED', aPod('b')]);
    await pods.whenSynced(AbortSignal.timeout(20_000));
    const before = pods.get('default', 'b');

    client.put(
      ['MODIFIED', aPod('b', { annotations: { touched: 'yes' } })],
      ['MODIFIED', aPod('a', { labels: { app: 'db' } })],
      ['ADDED', aPod('c', { uid: 'first' })],
      ['DELETED', aPod('c', { uid: 'first' })],
      ['ADDED', aPod('c', { uid: 'second' })],
      ['ADDED', aPod('', {})],
    );

    await waitFor(() => pods.get('default', 'c')?.uid === 'second');
    expect(pods.get('default', 'b')).toBe(before);
    expect(namesOf(pods.list(undefined, parseLabelSelector('app=db')))).toEqual(['a']);
    expect(namesOf(pods.list(undefined, parseLabelSelector('app=web')))).toEqual(['b', 'c']);
    expect(pods.size).toBe(3);
  });

  test('keeps everything through a new list, except what that does not show', async () => {
    client.list(['ADDED', aPod('a')], ['ADDED', aPod('b')], ['ADDED', aPod('c')]);
    await pods.whenSynced(AbortSignal.timeout(20_000));
    const before = pods.get('default', 'b');

    client.put(['ERROR', { code: 410, reason: 'Expired' }]);
    await waitFor(() => client.requests.length === 2);
    expect(pods.size).toBe(3);
    client.list(['ADDED', aPod('b')], ['ADDED', aPod('d')]);

    await waitFor(() => pods.get('default', 'a') === undefined);
    expect(namesOf(pods.list('default', EVERYTHING))).toEqual(['b', 'd']);
    expect(pods.get('default', 'b')).toBe(before);
  });
});

describe('PodMirror', () => {
  test('holds labels no longer than there are pods with them', () => {
    const mirror = new PodMirror(NO_POOL);
    const labelled = (name: string, app: string): object => aPod(name, { labels: { app } });

    for (let round = 0; round < 3; round++) {
      for (const app of ['web', 'web', 'db']) mirror.upsert(labelled('a', app));
      mirror.upsert(labelled('b', 'db'));
    }
    expect(mirror.labelSets).toBe(1);
    mirror.remove(labelled('a', 'db'));
    expect(mirror.labelSets).toBe(1);
    mirror.retain(new Set());

    expect(mirror.labelSets).toBe(0);
    expect(mirror.index.size).toBe(0);
  });

  test('takes names from the pool, once for a pod that stays as it is', () => {
    const asked: string[] = [];
    const mirror = new PodMirror({ share: (text) => (asked.push(text), text) });

    mirror.upsert(aPod('a'));
    mirror.upsert(aPod('a'));

    expect(asked).toEqual(['a', 'uid-a', '']);
  });
});
