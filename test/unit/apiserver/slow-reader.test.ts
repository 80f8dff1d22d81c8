import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { LabelSet } from '../../../src/apimachinery/label-set.ts';
import type { AnyResource } from '../../../src/apiserver/api-group.ts';
import { serveApp } from '../../support/serve-app.ts';

const ITEM_BYTES = 10_000;
/** Far more than the kernel keeps for a connection on both sides. */
const ITEMS = 20_000;

/** A list of 200 MB, and how much of it was taken. */
function hugeResource() {
  const seen = { taken: 0, isOver: false };
  const resource: AnyResource = {
    name: 'whales',
    singularName: 'whale',
    kind: 'Whale',
    listKind: 'WhaleList',
    namespaced: false,
    verbs: ['list'],
    *list() {
      try {
        for (; seen.taken < ITEMS; seen.taken++) yield seen.taken;
      } finally {
        seen.isOver = true;
      }
    },
    encoding: {
      metadata: (number: number) => ({
        name: String(number),
        namespace: undefined,
        labels: LabelSet.empty,
      }),
      json: () => `"text":"${'x'.repeat(ITEM_BYTES)}"`,
      protobuf: () => '',
      columns: () => [],
      cells: () => [],
    },
  };
  return { resource, seen };
}

describe('a client that does not read what it asked for', () => {
  test('is waited for with one chunk at hand, and cut off when its time is over', async () => {
    const { resource, seen } = hugeResource();
    await using app = await serveApp({
      groups: [
        { name: 'sea.example.com', versions: [{ name: 'v1', resources: () => [resource] }] },
      ],
    });
    const socket = connect(app.port, '127.0.0.1');
    socket.on('error', () => undefined); // it is cut off
    socket.write('GET /apis/sea.example.com/v1/whales?timeout=1500ms HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    socket.pause();

    let takenBefore = -1;
    while (takenBefore !== seen.taken) {
      takenBefore = seen.taken;
      await sleep(150);
    }
    const other = await app.ask({ path: '/version' });
    const wasWaitedFor = !seen.isOver;
    while (!seen.isOver) await sleep(50);
    const closed = once(socket, 'close');
    socket.resume();
    await closed;
    const aborts = await app.registry.getSingleMetricAsString('apiserver_request_aborts_total');

    expect(takenBefore * ITEM_BYTES).toBeLessThan(40_000_000);
    expect(other.status).toBe(200);
    expect(wasWaitedFor).toBe(true);
    expect(seen.taken).toBe(takenBefore);
    expect(aborts).toMatch(/verb="LIST".*resource="whales".*\} 1$/m);
    expect(app.logged).toEqual([]);
  });
});
