import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { listAt, textAt } from '../../../src/simulator/kube-object.ts';
import type { Part } from '../part.ts';
import { API_SERVICE } from '../scene.ts';
import type { Plane } from '../plane.ts';

/** From the first key on, and all of them. */
const EVERYTHING = Buffer.from([0]).toString('base64');

interface Entry {
  readonly key: string;
  /** One character a byte. */
  readonly value: string;
}

/** All that etcd holds, over its gateway. */
async function readAll({ layout }: Plane): Promise<Entry[]> {
  const file = (name: string): Promise<string> =>
    readFile(join(layout.folder, 'pki', name), 'utf8');
  const [ca, cert, key] = await Promise.all(
    ['etcd-ca.crt', 'etcd-client.crt', 'etcd-client.key'].map(file),
  );
  const text = await new Promise<string>((resolve, reject) => {
    const asked = request(
      {
        ...{ host: '127.0.0.1', port: layout.etcdPort, path: '/v3/kv/range', method: 'POST' },
        ...{ ca, cert, key },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          resolve(Buffer.concat(chunks).toString());
        });
      },
    );
    asked.once('error', reject);
    asked.end(JSON.stringify({ key: EVERYTHING, range_end: EVERYTHING }));
  });
  const decoded = (of: unknown, name: string): string =>
    Buffer.from(textAt(of, name), 'base64').toString('latin1');
  return listAt(JSON.parse(text), 'kvs').map((entry) => ({
    key: decoded(entry, 'key'),
    value: decoded(entry, 'value'),
  }));
}

export const etcdContent: Part = {
  name: 'etcd',
  needs: ['own plane'],
  async run(scene, check) {
    const { plane } = scene.spec;
    if (!plane) return;
    const entries = await readAll(plane);
    const served = [...listAt(await scene.raw('/nodes'), 'items')];
    await check('etcd holds the APIService', () => {
      const keys = entries.map(({ key }) => key).filter((key) => key.includes(API_SERVICE));
      assert.deepEqual(keys, [`/registry/apiregistration.k8s.io/apiservices/${API_SERVICE}`]);
      return Promise.resolve();
    });
    await check('no key of etcd is one of the metrics API', () => {
      const keys = entries.map(({ key }) => key);
      assert.deepEqual(
        keys.filter((key) => key.startsWith('/registry/metrics.k8s.io')),
        [],
      );
      return Promise.resolve();
    });
    await check('no value of etcd is of its kinds, or holds a figure of a node', () => {
      assert.ok(served.length >= 3);
      // What pods use stands in annotations of theirs: it is what the simulated kubelets are told.
      const figures = served.flatMap((node) =>
        ['cpu', 'memory'].map((resource) => textAt(node, 'usage', resource)),
      );
      const keysWith = (word: string): string[] =>
        entries.filter(({ value }) => value.includes(word)).map(({ key }) => key);
      // A word that is there is found.
      const service = `/registry/services/specs/kube-system/metrics-server`;
      assert.ok(keysWith('metrics-server').includes(service), 'no value can be read');
      for (const word of ['NodeMetrics', 'PodMetrics', ...figures]) {
        assert.deepEqual(keysWith(word), [], word);
      }
      return Promise.resolve();
    });
  },
};
