import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../../src/clock.ts';
import { writeJson } from '../../../conformance/json-text.ts';
import { decodeObject } from '../../../conformance/protobuf-message.ts';
import { RECORDED_NODES, RECORDED_PODS, metricsGroupOf } from '../../../support/recorded-world.ts';
import { mismatches } from '../../../support/schema-check.ts';
import type { OpenApiSchema, Schemas } from '../../../support/schema-check.ts';
import { type ServedApp, serveApp } from '../../../support/serve-app.ts';

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get: {
          readonly responses: {
            readonly 200: { readonly content: Readonly<Record<string, { schema: OpenApiSchema }>> };
          };
        };
      }
    >
  >;
  readonly components: { readonly schemas: Schemas };
}

interface Promise200 {
  readonly path: string;
  readonly mediaType: string;
  readonly schema: OpenApiSchema;
  readonly schemas: Schemas;
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** Readers of protobuf cannot tell a value that is left out from one that is zero: these are not required there. */
function withoutZeroes(schemas: Schemas): Schemas {
  const entries = Object.entries(schemas).map(([name, schema]) => {
    const required = schema.required?.filter(
      (member) => schema.properties?.[member]?.default === undefined,
    );
    return [name, { ...schema, ...(required && { required }) }] as const;
  });
  return Object.fromEntries(entries);
}

/** Whether it is true of what the encoders write. */
describe('what OpenAPI says', () => {
  let app: ServedApp;
  const promises: Promise200[] = [];

  beforeAll(async () => {
    app = await serveApp({ groups: [metricsGroupOf(RECORDED_NODES, RECORDED_PODS, systemClock)] });
    const { paths: index } = await read<{ paths: Record<string, { serverRelativeURL: string }> }>(
      '/openapi/v3',
    );
    for (const { serverRelativeURL } of Object.values(index)) {
      const { paths, components } = await read<Document>(serverRelativeURL);
      for (const [path, { get }] of Object.entries(paths)) {
        for (const [mediaType, { schema }] of Object.entries(get.responses[200].content)) {
          promises.push({ path, mediaType, schema, schemas: components.schemas });
        }
      }
    }
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  async function read<Value>(path: string): Promise<Value> {
    return JSON.parse((await app.ask(path)).body) as Value;
  }

  /** A path with names of the recorded world. */
  function filled(path: string): string {
    const name = path.includes('/nodes/') ? 'alpha' : 'web-0';
    return path.replace('{namespace}', 'default').replace('{name}', name);
  }

  test('is what JSON looks like at every path', async () => {
    const asJson = promises.filter(({ mediaType }) => mediaType === 'application/json');
    const wrong: string[] = [];
    for (const { path, schema, schemas } of asJson) {
      const value = await read<unknown>(filled(path));
      wrong.push(...mismatches(value, schema, schemas, path));
    }

    expect(asJson).toHaveLength(9);
    expect(wrong).toEqual([]);
  });

  test('is what protobuf holds at every path, as the published messages decode it', async () => {
    const asProtobuf = promises.filter(({ mediaType }) => mediaType === PROTOBUF);
    const wrong: string[] = [];
    for (const { path, schema, schemas } of asProtobuf) {
      const { bytes } = await app.ask({ path: filled(path), headers: { accept: PROTOBUF } });
      const value: unknown = JSON.parse(writeJson(decodeObject(bytes), 'compact'));
      wrong.push(...mismatches(value, schema, withoutZeroes(schemas), path));
    }

    expect(asProtobuf).toHaveLength(8);
    expect(wrong).toEqual([]);
  });

  test('would not fit anything else', () => {
    const pod = promises.find(({ path }) => path.endsWith('/pods/{name}'));
    const found = mismatches(
      { kind: 1, metadata: { labels: { a: 1 } }, timestamp: 'now', window: '1s', surprise: true },
      pod?.schema ?? {},
      pod?.schemas ?? {},
    );

    expect(found).toEqual([
      '$: no containers',
      '$.kind: 1 is no string',
      '$.metadata.labels.a: 1 is no string',
      '$.timestamp: "now" is no string',
      '$.surprise: not in the schema',
    ]);
  });

  test('is served in every media type that it names', async () => {
    for (const { path, mediaType } of promises) {
      if (mediaType.includes(';')) continue; // of a watch, which no resource has
      const { status, headers } = await app.ask({
        path: filled(path),
        headers: { accept: mediaType },
      });
      expect({ path, status, type: headers['content-type'] }).toEqual({
        path,
        status: 200,
        type: mediaType,
      });
    }
  });
});
