import { describe, expect, test } from '@jest/globals';
import { LabelSet } from '../../../src/apimachinery/label-set.ts';
import type { AnyResource } from '../../../src/apiserver/api-group.ts';
import { serveApp } from '../../support/serve-app.ts';

/** Finds nothing for a while, and then something. */
function slowResource(): AnyResource {
  return {
    name: 'snails',
    singularName: 'snail',
    kind: 'Snail',
    listKind: 'SnailList',
    namespaced: false,
    verbs: ['list'],
    *list() {
      const endMs = performance.now() + 120;
      while (performance.now() < endMs) yield undefined;
      for (let number = 0; number < 5_000; number++) yield String(number);
    },
    encoding: {
      metadata: (name: string) => ({ name, namespace: undefined, labels: LabelSet.empty }),
      json: () => `"text":"${'x'.repeat(40)}"`,
      protobuf: () => '',
      columns: () => [],
      cells: () => [],
    },
  };
}

describe('a list that takes longer than the client wants to wait', () => {
  test.each(['application/json', 'application/vnd.kubernetes.protobuf'])(
    'as %s is answered with 504, and nothing is written after that',
    async (accept) => {
      const version = { name: 'v1', resources: () => [slowResource()] };
      await using app = await serveApp({
        groups: [{ name: 'zoo.example.com', versions: [version] }],
      });
      const path = '/apis/zoo.example.com/v1/snails';

      const late = await app.ask({ path: `${path}?timeout=30ms`, headers: { accept } });
      const whole = await app.ask({ path, headers: { accept } });

      expect(late.status).toBe(504);
      expect(whole.status).toBe(200);
      expect(whole.body.length).toBeGreaterThan(50_000);
      expect(app.logged).toEqual([]);
    },
  );
});
