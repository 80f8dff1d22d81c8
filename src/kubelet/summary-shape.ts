import { type JsonScanner, keySignature } from './json-scanner.ts';

/** The scalars of a summary that are read, and two names for those that are only stepped over. */
export const FIELD = {
  ignoredNumber: 0,
  ignoredString: 1,
  nodeStart: 2,
  nodeTime: 3,
  nodeCpu: 4,
  nodeRate: 5,
  nodeMemory: 6,
  podNamespace: 7,
  podName: 8,
  podUid: 9,
  containerName: 10,
  containerStart: 11,
  containerTime: 12,
  containerCpu: 13,
  containerRate: 14,
  containerMemory: 15,
} as const;

export type Field = (typeof FIELD)[keyof typeof FIELD];

/** What the elements of a list are; each becomes rows of the block. */
export type Item = 'pod' | 'container';

export type Member = { readonly signature: number; readonly key: Uint8Array } & (
  | { readonly kind: 'string' | 'number'; readonly field: Field }
  | { readonly kind: 'object'; readonly shape: Shape }
  | { readonly kind: 'array'; readonly item: Item }
);

/** The members of an object that are read; all others are stepped over. */
export type Shape = readonly Member[];

const CONTAINER: Shape = [
  text('name', FIELD.containerName),
  text('startTime', FIELD.containerStart),
  object('cpu', [
    text('time', FIELD.containerTime),
    number('usageNanoCores', FIELD.containerRate),
    number('usageCoreNanoSeconds', FIELD.containerCpu),
  ]),
  object('memory', [number('workingSetBytes', FIELD.containerMemory)]),
];

const POD: Shape = [
  object('podRef', [
    text('name', FIELD.podName),
    text('namespace', FIELD.podNamespace),
    text('uid', FIELD.podUid),
  ]),
  array('containers', 'container'),
];

/**
 * The part of the kubelet's Summary that we read (k8s.io/kubelet, pkg/apis/stats/v1alpha1/types.go). The name of
 * the node is not: the answer belongs to the node that was asked. The time of a point is that of its CPU, as upstream.
 */
export const SUMMARY: Shape = [
  object('node', [
    text('startTime', FIELD.nodeStart),
    object('cpu', [
      text('time', FIELD.nodeTime),
      number('usageNanoCores', FIELD.nodeRate),
      number('usageCoreNanoSeconds', FIELD.nodeCpu),
    ]),
    object('memory', [number('workingSetBytes', FIELD.nodeMemory)]),
  ]),
  array('pods', 'pod'),
];

export const ITEM_SHAPES: Readonly<Record<Item, Shape>> = { pod: POD, container: CONTAINER };

/** How many arrays and objects stand around the members of an item: root, pods, pod (, containers, container). */
export const ITEM_DEPTHS: Readonly<Record<Item, number>> = { pod: 3, container: 5 };

/** The member whose key the scanner has just read, by its place in the shape; -1 for one that is not read. */
export function memberIndex(shape: Shape, scanner: JsonScanner): number {
  for (let index = 0; index < shape.length; index++) {
    const member = shape[index];
    if (member !== undefined && scanner.keyIs(member.signature, member.key)) return index;
  }
  return -1;
}

function text(key: string, field: Field): Member {
  return { ...keyOf(key), kind: 'string', field };
}

function number(key: string, field: Field): Member {
  return { ...keyOf(key), kind: 'number', field };
}

function object(key: string, shape: Shape): Member {
  return { ...keyOf(key), kind: 'object', shape };
}

function array(key: string, item: Item): Member {
  return { ...keyOf(key), kind: 'array', item };
}

function keyOf(text: string): { signature: number; key: Uint8Array } {
  const key = Buffer.from(text);
  return { signature: keySignature(key), key };
}
