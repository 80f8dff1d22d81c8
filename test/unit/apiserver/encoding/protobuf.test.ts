import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration } from '../../../../src/apimachinery/duration.ts';
import { LabelSet } from '../../../../src/apimachinery/label-set.ts';
import { formatCpu, formatMemory } from '../../../../src/apimachinery/quantity.ts';
import { StatusError, notFound, toStatus } from '../../../../src/apimachinery/status-error.ts';
import { UsageWriter } from '../../../../src/apis/metrics/objects.ts';
import type { ItemEncoding, ItemMetadata } from '../../../../src/apiserver/api-group.ts';
import {
  groupDocument,
  groupListDocument,
  resourceListDocument,
} from '../../../../src/apiserver/discovery.ts';
import type { ListEnvelope } from '../../../../src/apiserver/encoding/encoder.ts';
import { WHOLE_LIST } from '../../../../src/apiserver/encoding/list-meta.ts';
import { partialEncoding } from '../../../../src/apiserver/encoding/partial.ts';
import { PROTOBUF } from '../../../../src/apiserver/encoding/protobuf.ts';
import type { NodeUsage, PodUsage } from '../../../../src/model/usage.ts';
import { decodeDocument, encodeDocument } from '../../../support/kubernetes-protobuf.ts';
import { metricsGroupOf } from '../../../support/recorded-world.ts';

const API_VERSION = 'metrics.k8s.io/v1beta1';
const CREATED_SECONDS = Date.UTC(2026, 0, 1, 0, 1) / 1000;
const SAMPLED_MS = Date.UTC(2026, 0, 1, 0, 0, 50, 123);

interface Item {
  readonly metadata: ItemMetadata;
  readonly own: string;
}

const writer = new UsageWriter();
const encoding: ItemEncoding<Item> = {
  metadata: ({ metadata }) => metadata,
  protobuf: ({ own }) => own,
  json: () => '',
  columns: () => [],
  cells: () => [],
};

function envelope(kind: string, apiVersion = API_VERSION): ListEnvelope {
  const moment = { createdAtSeconds: CREATED_SECONDS, createdAt: '' };
  return { kind, apiVersion, ...moment, meta: WHOLE_LIST, itemType: undefined };
}

function aNode(name: string, labels: readonly [string, string][], usage: NodeUsage): Item {
  const metadata = { name, namespace: undefined, labels: LabelSet.of(labels) };
  return { metadata, own: writer.nodeProtobuf(usage) };
}

function aPod(metadata: ItemMetadata, usage: PodUsage): Item {
  return { metadata, own: writer.podProtobuf(usage) };
}

function listBytes(items: readonly (Item | undefined)[], list: ListEnvelope): Buffer {
  return Buffer.concat(
    [...PROTOBUF.list(items, encoding, list)].map((piece) => Buffer.from(piece)),
  );
}

function hex(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('hex');
}

/** White space in a vector is for people. */
function vector(text: string): string {
  return text.replace(/\s/g, '');
}

/** Vectors of the real encoder: contract.md 16, under the same names. */
describe('documents that the real server has written', () => {
  const usage = {
    timestampMs: SAMPLED_MS,
    windowMs: 15_500,
    cpuNanoCores: 250_000_000,
    memoryBytes: 64 * 2 ** 20,
  };
  const containers = [{ name: 'c', cpuNanoCores: 1_234_567, memoryBytes: 1000 }];
  const q = aPod(
    { name: 'q', namespace: 'd', labels: LabelSet.of([['app', 'q']]) },
    { timestampMs: SAMPLED_MS, windowMs: 60_000, containers },
  );
  const [group] = [metricsGroupOf([], [], { nowMs: () => 0, monotonicMs: () => 0 })];

  test('V1, a node', () => {
    const node = aNode(
      'n1',
      [
        ['b', '2'],
        ['a', '1'],
      ],
      usage,
    );

    expect(hex(PROTOBUF.item(node, encoding, envelope('NodeMetrics')))).toBe(
      vector(`
        6b387300 0a25 0a16 6d6574726963732e6b38732e696f2f76316265746131 120b 4e6f64654d657472696373
        125f 0a2a 0a026e31 1200 1a00 2200 2a00 3200 3800 4208 08bcf2d6ca06 1000 5a06 0a0161 120131
        5a06 0a0162 120132 1208 08b2f2d6ca06 1000 1a06 0880f6fcde39 220d 0a03637075 1206 0a04 3235306d
        2210 0a066d656d6f7279 1206 0a04 36344d69 1a00 2200`),
    );
  });

  test('V2, the pod with figures, as it stands in a list', () => {
    const list = listBytes([q], envelope('PodMetricsList'));

    expect(hex(list)).toContain(
      vector(`
        1261 0a24 0a0171 1200 1a0164 2200 2a00 3200 3800 4208 08bcf2d6ca06 1000 5a08 0a03617070 120171
        1208 08b2f2d6ca06 1000 1a07 0880b09dc2df01 2226 0a0163 1211 0a03637075 120a 0a08
        313233343536376e 120e 0a066d656d6f7279 1204 0a02 316b`),
    );
  });

  test('V3, a list without nodes', () => {
    expect(hex(listBytes([], envelope('NodeMetricsList')))).toBe(
      vector(`
        6b387300 0a29 0a16 6d6574726963732e6b38732e696f2f76316265746131 120f
        4e6f64654d6574726963734c697374 1208 0a06 0a00 1200 1a00 1a00 2200`),
    );
  });

  test('V4, an error', () => {
    expect(hex(PROTOBUF.document(toStatus(notFound('', 'node', 'nope'))))).toBe(
      vector(`
        6b387300 0a0c 0a02 7631 1206 537461747573 1249 0a06 0a00 1200 1a00 1207 4661696c757265
        1a15 6e6f646520226e6f706522206e6f7420666f756e64 2208 4e6f74466f756e64
        2a12 0a04 6e6f7065 1200 1a04 6e6f6465 2800 3200 309403 1a00 2200`),
    );
  });

  test('V5, the groups', () => {
    expect(hex(PROTOBUF.document(groupListDocument([group], ':18443')))).toBe(
      vector(`
        6b387300 0a10 0a00 120c 41504947726f75704c697374 126d 0a6b 0a0e 6d6574726963732e6b38732e696f
        1221 0a16 6d6574726963732e6b38732e696f2f76316265746131 1207 76316265746131
        1a21 0a16 6d6574726963732e6b38732e696f2f76316265746131 1207 76316265746131
        2213 0a09 302e302e302e302f30 1206 3a3138343433 1a00 2200`),
    );
  });

  test('V6, the resources of a version', () => {
    const [version] = group.versions;
    if (!version) throw new Error('no version');
    const get = '22 0b 0a03 676574 0a04 6c697374';

    expect(hex(PROTOBUF.document(resourceListDocument(group, version)))).toBe(
      vector(`
        6b387300 0a15 0a02 7631 120f 4150495265736f757263654c697374 1270
        0a16 6d6574726963732e6b38732e696f2f76316265746131
        122b 0a05 6e6f646573 1000 1a0b 4e6f64654d657472696373 ${get} 3200 4200 4a00 5200
        1229 0a04 706f6473 1001 1a0a 506f644d657472696373 ${get} 3200 4200 4a00 5200 1a00 2200`),
    );
  });

  test('a group by itself', () => {
    expect(decodeDocument(Buffer.from(PROTOBUF.document(groupDocument(group))))).toMatchObject({
      apiVersion: 'v1',
      kind: 'APIGroup',
      value: { name: 'metrics.k8s.io', preferredVersion: { version: 'v1beta1' } },
    });
  });
});

/** Names as clusters have them, and any text that a careless kubelet could send. */
const name = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9.-]{0,40}$/), fc.string({ unit: 'binary' }));
const labels = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][\w./-]{0,30}$/), name), {
  selector: ([key]) => key,
  maxLength: 6,
});
const figures = {
  cpuNanoCores: fc.oneof(fc.nat(), fc.maxSafeNat()),
  memoryBytes: fc.oneof(fc.nat(), fc.maxSafeNat()),
};
const measured = {
  timestampMs: fc.integer({ min: -(10 ** 12), max: 4 * 10 ** 12 }),
  windowMs: fc.integer({ min: 0, max: 10 ** 8 }),
};
const nodes = fc.array(fc.record({ name, labels, usage: fc.record({ ...measured, ...figures }) }));
const containers = fc.array(fc.record({ name, ...figures }), { maxLength: 4 });
const pods = fc.array(
  fc.record({ name, namespace: name, labels, usage: fc.record({ ...measured, containers }) }),
);
const listMeta = fc.record({
  continueToken: fc.string(),
  remainingItemCount: fc.option(fc.maxSafeNat(), { nil: undefined }),
});

/** What the other implementation is to read, every field that Go writes included. */
function objectMeta(
  { name: own, labels: entries }: { name: string; labels: readonly [string, string][] },
  namespace: string,
): object {
  const byKey = [...entries].sort(([left], [right]) => (left < right ? -1 : 1));
  const wellFormed = byKey.map(([key, value]) => [key, value.toWellFormed()]);
  return {
    name: own.toWellFormed(),
    generateName: '',
    namespace: namespace.toWellFormed(),
    selfLink: '',
    uid: '',
    resourceVersion: '',
    generation: 0,
    creationTimestamp: { seconds: CREATED_SECONDS, nanos: 0 },
    ...(wellFormed.length > 0 && { labels: Object.fromEntries(wellFormed) as object }),
  };
}

function measuredFields({ timestampMs, windowMs }: { timestampMs: number; windowMs: number }) {
  return {
    timestamp: { seconds: Math.floor(timestampMs / 1000), nanos: 0 },
    window: { duration: windowMs * 1e6 },
  };
}

function usageField(of: { cpuNanoCores: number; memoryBytes: number }) {
  return {
    usage: {
      cpu: { string: formatCpu(of.cpuNanoCores) },
      memory: { string: formatMemory(of.memoryBytes) },
    },
  };
}

function metaField({ continueToken, remainingItemCount }: ListEnvelope['meta']): object {
  const metadata = { selfLink: '', resourceVersion: '', continue: continueToken };
  return remainingItemCount === undefined ? metadata : { ...metadata, remainingItemCount };
}

/** One implementation reads the other: theirs our bytes, and of the value it writes the same bytes. */
function expectBoth(ours: Buffer, apiVersion: string, kind: string, value: object): void {
  const decoded = decodeDocument(ours);
  expect({ apiVersion: decoded.apiVersion, kind: decoded.kind }).toEqual({ apiVersion, kind });
  expect(decoded.value).toEqual(value);
  expect(hex(decoded.encoded)).toBe(hex(ours));
  expect(hex(encodeDocument(apiVersion, kind, value))).toBe(hex(ours));
}

describe('what an implementation that is not ours reads and writes', () => {
  const RUNS = { numRuns: 300, seed: 20_261_121 };

  test('is the same for nodes', () => {
    fc.assert(
      fc.property(nodes, listMeta, (cluster, meta) => {
        const items = cluster.map(({ name: own, labels: entries, usage }) =>
          aNode(own, entries, usage),
        );
        const ours = listBytes(items, { ...envelope('NodeMetricsList'), meta });
        const theirs = cluster.map((node) => ({
          metadata: objectMeta(node, ''),
          ...measuredFields(node.usage),
          ...usageField(node.usage),
        }));
        expectBoth(ours, API_VERSION, 'NodeMetricsList', {
          metadata: metaField(meta),
          ...(theirs.length > 0 && { items: theirs }),
        });
      }),
      RUNS,
    );
  });

  test('is the same for pods', () => {
    fc.assert(
      fc.property(pods, (cluster) => {
        const items = cluster.map(({ name: own, namespace, labels: entries, usage }) =>
          aPod({ name: own, namespace, labels: LabelSet.of(entries) }, usage),
        );
        const ours = listBytes(items, envelope('PodMetricsList'));
        const theirs = cluster.map((pod) => ({
          metadata: objectMeta(pod, pod.namespace),
          ...measuredFields(pod.usage),
          ...(pod.usage.containers.length > 0 && {
            containers: pod.usage.containers.map((container) => ({
              name: container.name.toWellFormed(),
              ...usageField(container),
            })),
          }),
        }));
        expectBoth(ours, API_VERSION, 'PodMetricsList', {
          metadata: metaField(WHOLE_LIST),
          ...(theirs.length > 0 && { items: theirs }),
        });
      }),
      RUNS,
    );
  });

  test.each(['v1', 'v1beta1'])('is the same for partial objects of %s', (version) => {
    const apiVersion = `meta.k8s.io/${version}`;
    fc.assert(
      fc.property(nodes, listMeta, (cluster, meta) => {
        const items = cluster.map(({ name: own, labels: entries, usage }) =>
          aNode(own, entries, usage),
        );
        const list = { ...envelope('PartialObjectMetadataList', apiVersion), meta };
        const pieces = [...PROTOBUF.list(items, partialEncoding(encoding), list)];
        const theirs = cluster.map((node) => ({ metadata: objectMeta(node, '') }));
        expectBoth(Buffer.concat(pieces as Buffer[]), apiVersion, 'PartialObjectMetadataList', {
          metadata: metaField(meta),
          ...(theirs.length > 0 && { items: theirs }),
        });
      }),
      RUNS,
    );
  });

  test('is the same for errors', () => {
    const text = fc.string({ unit: 'grapheme' });
    const cause = fc.record({ reason: text, message: text, field: text });
    const details = fc.record({
      name: text,
      group: text,
      kind: text,
      causes: fc.array(cause, { maxLength: 3 }),
      retryAfterSeconds: fc.nat(),
      uid: text,
    });
    const error = fc.record({
      code: fc.nat(599),
      reason: text,
      message: text,
      details: fc.option(details, { nil: undefined }),
    });
    fc.assert(
      fc.property(error, (init) => {
        const ours = Buffer.from(PROTOBUF.document(toStatus(new StatusError(init))));
        const { causes = [], ...rest } = init.details ?? {};
        expectBoth(ours, 'v1', 'Status', {
          metadata: metaField(WHOLE_LIST),
          status: 'Failure',
          message: init.message,
          reason: init.reason,
          ...(init.details && { details: { ...rest, ...(causes.length > 0 && { causes }) } }),
          code: init.code,
        });
      }),
      RUNS,
    );
  });
});

describe('a list', () => {
  const usage = { timestampMs: SAMPLED_MS, windowMs: 15_000, cpuNanoCores: 1, memoryBytes: 1 };
  const many = Array.from({ length: 3000 }, (_, at) => aNode(`node-${at}`, [], usage));

  test('goes out in pieces of a reasonable size, whatever its own', () => {
    const pieces = [...PROTOBUF.list(many, encoding, envelope('NodeMetricsList'))];
    const sizes = pieces.map(({ length }) => length).filter((size) => size > 0);

    expect(Math.max(...sizes)).toBeLessThan(66 * 1024);
    expect(sizes.length).toBeGreaterThan(3);
    const { value } = decodeDocument(Buffer.concat(pieces as Buffer[]));
    expect((value as { items: unknown[] }).items).toHaveLength(3000);
  });

  test('lets others have their turn while it is measured, item by item', () => {
    let taken = 0;
    function* counted(): Generator<Item> {
      for (const item of many) {
        taken++;
        yield item;
      }
    }
    const pieces = PROTOBUF.list(counted(), encoding, envelope('NodeMetricsList'));
    const iterator = pieces[Symbol.iterator]();

    for (let at = 0; at < 10; at++) expect(iterator.next().value).toHaveLength(0);

    expect(taken).toBe(10);
    iterator.return?.();
  });

  test('may have pauses among its items', () => {
    const one = many.slice(0, 1);

    expect(listBytes([undefined, ...one, undefined], envelope('NodeMetricsList'))).toEqual(
      listBytes(one, envelope('NodeMetricsList')),
    );
  });
});

test('a window is written to the nanosecond, and says the same as in JSON', () => {
  const usage = {
    timestampMs: SAMPLED_MS,
    windowMs: 15_013.000001,
    cpuNanoCores: 0,
    memoryBytes: 0,
  };
  const node = aNode('n', [], usage);
  const { value } = decodeDocument(
    Buffer.from(PROTOBUF.item(node, encoding, envelope('NodeMetrics'))),
  );

  const { window } = value as { window: { duration: number } };
  expect(window.duration).toBe(15_013_000_001);
  expect(formatDuration(usage.windowMs)).toBe('15.013000001s');
});
