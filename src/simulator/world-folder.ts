import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { givenPages } from './given-pages.ts';
import { uuidOf } from './seed.ts';
import { formatTimestamp } from './timestamps.ts';
import { World } from './world.ts';
import type { NodeObject, ObjectMeta, PodObject, WorldObject } from './world-objects.ts';

/**
 * Loads a given world from a folder: `namespaces.json`, `nodes.json`, `pods.json` and (where there is one)
 * `rbac.json` are Lists of objects as for `kubectl apply`, with status; `kubelet/NODE.1.summary.json` and
 * `kubelet/NODE.1.resource.txt` are the first answers of a node's kubelet, `NODE.2.…` every later one.
 * `@UID:namespace/name@` in them stands for the uid of that pod. Nobody listens on the port of a node that
 * is not ready.
 *
 * Kubelet ports are those of the Node objects, or others when the kubelets are created so.
 *
 * @throws TypeError naming the file when it is not a List of objects; otherwise rejects as node:fs does.
 */
export async function loadWorldFolder(
  folder: string,
  { clock, seed = 1 }: { clock: Clock; seed?: number },
): Promise<World> {
  const world = new World({ seed, clock });
  const finish = (object: GivenObject): WorldObject => {
    const { kind, metadata } = object;
    const key = [kind, metadata.namespace, metadata.name].join('/');
    return {
      ...object,
      metadata: {
        uid: uuidOf(seed, key),
        creationTimestamp: formatTimestamp(clock.nowMs()),
        ...metadata,
      },
    };
  };
  for (const { metadata } of await readList(join(folder, 'namespaces.json'))) {
    world.addNamespace(metadata.name);
  }
  for (const object of await readList(join(folder, 'pods.json'))) {
    world.adoptPod(finish(object) as PodObject);
  }
  const bodies = new KubeletFolder(join(folder, 'kubelet'), (namespace, name) => {
    // Kubelets may know pods that the API has not: they have a uid all the same.
    return world.pod(namespace, name)?.object.metadata.uid ?? uuidOf(seed, `${namespace}/${name}`);
  });
  for (const object of await readList(join(folder, 'nodes.json'))) {
    const node = finish(object) as NodeObject;
    const { name } = node.metadata;
    const pages = givenPages({
      summaries: await bodies.read(name, 'summary.json'),
      resourcePages: await bodies.read(name, 'resource.txt'),
    });
    world.adoptNode(node, pages, isReady(node));
  }
  for (const object of await readList(join(folder, 'rbac.json'), []))
    world.addOther(finish(object));
  return world;
}

/** An object as it is written for `kubectl apply`: the API server adds the rest. */
interface GivenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Pick<ObjectMeta, 'name' | 'namespace'>;
}

async function readList(
  file: string,
  absent?: readonly GivenObject[],
): Promise<readonly GivenObject[]> {
  const bytes = await readIfThere(file);
  if (bytes === undefined && absent) return absent;
  const list: unknown = JSON.parse(String(bytes ?? (await readFile(file))));
  if (isObject(list) && 'items' in list && Array.isArray(list.items) && list.items.every(isGiven)) {
    return list.items;
  }
  throw new TypeError(`Cannot read "${file}": expected a List of objects with kind and name`);
}

function isGiven(value: unknown): value is GivenObject {
  return (
    isObject(value) &&
    'apiVersion' in value &&
    'kind' in value &&
    'metadata' in value &&
    isObject(value.metadata) &&
    'name' in value.metadata &&
    typeof value.metadata.name === 'string'
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isReady(node: NodeObject): boolean {
  const conditions = node.status.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** The answers of the kubelets in a folder. */
class KubeletFolder {
  readonly #folder: string;
  readonly #uidOf: (namespace: string, name: string) => string;

  constructor(folder: string, uidOf: (namespace: string, name: string) => string) {
    this.#folder = folder;
    this.#uidOf = uidOf;
  }

  /** The node's answers of one source, first to last; none when there is no file. */
  async read(nodeName: string, source: string): Promise<Uint8Array[]> {
    const files = ['1', '2'].map((turn) => join(this.#folder, `${nodeName}.${turn}.${source}`));
    const texts = await Promise.all(files.map((file) => readIfThere(file)));
    return texts.flatMap((bytes) =>
      bytes === undefined ? [] : Buffer.from(this.#withUids(bytes)),
    );
  }

  #withUids(bytes: Buffer): string {
    return String(bytes).replaceAll(
      /@UID:([^/@]+)\/([^@]+)@/g,
      (_, namespace: string, name: string) => this.#uidOf(namespace, name),
    );
  }
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (isObject(error) && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
