import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AnyResource } from '../../../src/apiserver/api-group.ts';
import { systemClock } from '../../../src/clock.ts';
import { fruitsGroup } from '../../support/fruits.ts';
import { metricsGroupOf } from '../../support/recorded-world.ts';
import { type Reply, type ServedApp, serveApp } from '../../support/serve-app.ts';

const TARGET = 'g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const OLDER = 'g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';
const JSON_V2 = `application/json;${TARGET}`;
const YAML_V2 = `application/yaml;${TARGET}`;
const PROTOBUF_V2 = `application/vnd.kubernetes.protobuf;${TARGET}`;

/** As the real server answers it. */
const RECORDED =
  '{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[{"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","resources":[{"resource":"nodes","responseKind":{"group":"","version":"","kind":"NodeMetrics"},"scope":"Cluster","singularResource":"","verbs":["get","list"]},{"resource":"pods","responseKind":{"group":"","version":"","kind":"PodMetrics"},"scope":"Namespaced","singularResource":"","verbs":["get","list"]}],"freshness":"Current"}]}]}\n';
const RECORDED_TAG =
  '"358A59ADB76207FD91A611EE4E44AA35402A763B15DAFCCDA881CF87B1316E7F7BCF0A0AAF9F7D57EE70498199884A495CE5759E3A791DC934EA8FB4ABBD68F3"';
const RECORDED_PROTOBUF =
  'azhzAAovChZhcGlkaXNjb3ZlcnkuazhzLmlvL3YyEhVBUElHcm91cERpc2NvdmVyeUxpc3QSpAEKBgoAEgAaABKZAQoeCg5tZXRyaWNzLms4cy5pbxIAGgAiACoAMgA4AEIAEncKB3YxYmV0YTESMAoFbm9kZXMSEQoAEgAaC05vZGVNZXRyaWNzGgdDbHVzdGVyIgAqA2dldCoEbGlzdBIxCgRwb2RzEhAKABIAGgpQb2RNZXRyaWNzGgpOYW1lc3BhY2VkIgAqA2dldCoEbGlzdBoHQ3VycmVudBoAIgA=';
/** What k8s.io/apimachinery v0.36.3 makes of the fruits. */
const FRUITS_PROTOBUF =
  'azhzAAovChZhcGlkaXNjb3ZlcnkuazhzLmlvL3YyEhVBUElHcm91cERpc2NvdmVyeUxpc3QS1AEKBgoAEgAaABLJAQoiChJmcnVpdHMuZXhhbXBsZS5jb20SABoAIgAqADIAOABCABKOAQoCdjESLQoFdHJlZXMSCgoAEgAaBFRyZWUaB0NsdXN0ZXIiBHRyZWUqA2dldCoEbGlzdBJQCgZhcHBsZXMSCwoAEgAaBUFwcGxlGgpOYW1lc3BhY2VkIgVhcHBsZSoDZ2V0KgRsaXN0QhsKBndlaWdodBIMCgASABoGV2VpZ2h0IgNnZXQaB0N1cnJlbnQSEgoHdjFiZXRhMRoHQ3VycmVudBoAIgA=';

/** Which of the documents an answer is. */
function kindOf({ status, headers, body }: Reply): string {
  const type = String(headers['content-type']);
  if (status !== 200) return `${status}`;
  const [media = '', ...parameters] = type.split(';');
  if (parameters.length > 0) return `aggregated ${media}`;
  return body.includes('APIGroupList') ? `legacy ${media}` : body;
}

describe('aggregated discovery', () => {
  let app: ServedApp;
  beforeAll(async () => {
    app = await serveApp({ groups: [metricsGroupOf([], [], systemClock)] });
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  function ask(accept: string, more: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return app.ask({ path: '/apis', headers: { accept, ...more } });
  }

  test('is the document and has the headers of the real server', async () => {
    const { status, headers, body } = await ask(JSON_V2);

    expect({ status, body }).toEqual({ status: 200, body: RECORDED });
    expect(headers).toMatchObject({
      'content-type': JSON_V2,
      'cache-control': 'public',
      vary: 'Accept',
      etag: RECORDED_TAG,
    });
  });

  test('is the same in protobuf and YAML, under the same tag', async () => {
    const [json, yaml, protobuf] = [await ask(JSON_V2), await ask(YAML_V2), await ask(PROTOBUF_V2)];

    expect(protobuf.headers['content-type']).toBe(PROTOBUF_V2);
    expect(protobuf.bytes.toString('base64')).toBe(RECORDED_PROTOBUF);
    expect(yaml.headers['content-type']).toBe(YAML_V2);
    expect(yaml.body).toMatch(
      /^apiVersion: apidiscovery.k8s.io\/v2\nitems:\n- metadata:\n {4}name: metrics.k8s.io\n/,
    );
    expect([yaml.headers.etag, protobuf.headers.etag]).toEqual([
      json.headers.etag,
      json.headers.etag,
    ]);
  });

  // Each row was asked of the Go server.
  test.each([
    [`${JSON_V2};profile=nopeer`, 'aggregated application/json'],
    [`${JSON_V2};export=1;foo=bar`, 'aggregated application/json'],
    [`${JSON_V2};sv=`, 'aggregated application/json'],
    [`${JSON_V2};q=0`, 'aggregated application/json'],
    [`${JSON_V2};stream=watch`, 'aggregated application/json'],
    [
      'application/json; v=v2; as=APIGroupDiscoveryList; g=apidiscovery.k8s.io',
      'aggregated application/json',
    ],
    [`*/*;${TARGET}`, 'aggregated application/json'],
    [`application/json,${YAML_V2};q=0.1`, 'aggregated application/yaml'],
    [
      `application/json,${YAML_V2};q=0.5,${PROTOBUF_V2};q=0.6`,
      'aggregated application/vnd.kubernetes.protobuf',
    ],
    [`${JSON_V2},application/json;${OLDER},application/json`, 'aggregated application/json'],
    [`application/json;${OLDER},${JSON_V2}`, 'aggregated application/json'],
    [`application/json;${OLDER},application/json`, 'legacy application/json'],
    [`${JSON_V2};stream=x,application/yaml`, 'legacy application/yaml'],
    [`${YAML_V2};stream=watch,application/json`, 'legacy application/json'],
    ['application/json', 'legacy application/json'],
    ['', 'legacy application/json'],
    [`application/json;${OLDER}`, '406'],
    ['application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList', '406'],
    ['application/json;g=apidiscovery.k8s.io;v=v2', '406'],
    ['application/json;as=APIGroupDiscoveryList', '406'],
    [`${JSON_V2};sv=v1`, '406'],
    [`application/*;${TARGET}`, '406'],
    [`text/html;${TARGET}`, '406'],
  ])('for Accept: %s answers %s', async (accept, answer) => {
    expect(kindOf(await ask(accept))).toBe(answer);
  });

  test('says which types there are to who asks for another version alone', async () => {
    const { headers, body } = await ask(`application/json;${OLDER}`);

    expect(headers).toMatchObject({ 'content-type': 'application/json' });
    expect(headers).not.toHaveProperty('etag');
    expect(body).toBe(
      '{\n  "kind": "Status",\n  "apiVersion": "v1",\n  "metadata": {},\n  "status": "Failure",\n  "message": "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",\n  "reason": "NotAcceptable",\n  "code": 406\n}',
    );
  });

  test('is not sent again to who has it, and says that all may keep it', async () => {
    const { etag = '' } = (await ask(JSON_V2)).headers;
    const { status, headers, body } = await ask(PROTOBUF_V2, { 'if-none-match': etag });

    expect({ status, body }).toEqual({ status: 304, body: '' });
    expect(headers).toMatchObject({ etag, vary: 'Accept', 'cache-control': 'public' });
    expect(headers).not.toHaveProperty('content-type');
  });

  test.each([
    ['weak', (etag: string) => `W/${etag}`],
    ['any', () => '*'],
    ['in a list', (etag: string) => `"x", ${etag}`],
    ['without quotes', (etag: string) => etag.replaceAll('"', '')],
  ])('is sent again to who names a tag that is %s', async (_how, tagOf) => {
    const { etag = '' } = (await ask(JSON_V2)).headers;

    expect((await ask(JSON_V2, { 'if-none-match': tagOf(etag) })).status).toBe(200);
  });

  test('is laid out for people', async () => {
    const [byAgent, byQuery] = [
      await ask(JSON_V2, { 'user-agent': 'curl/8' }),
      await app.ask({ path: '/apis/?pretty=1', headers: { accept: JSON_V2 } }),
    ];

    expect(byAgent.body).toBe(JSON.stringify(JSON.parse(RECORDED), undefined, 2));
    expect(byQuery.body).toBe(byAgent.body);
  });

  test.each(['POST', 'HEAD', 'OPTIONS', 'DELETE'])('is not there for %s', async (method) => {
    const reply = await app.ask({ method, path: '/apis', headers: { accept: JSON_V2 } });

    expect(reply.status).toBe(405);
  });

  test.each(['/apis/metrics.k8s.io', '/apis/metrics.k8s.io/v1beta1', '/version'])(
    'is at /apis alone, and not at %s',
    async (path) => {
      const reply = await app.ask({ path, headers: { accept: `${JSON_V2},application/json` } });

      expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    },
  );
});

describe('aggregated discovery of a group that the server has never heard of', () => {
  test('puts subresources into their resources, and leaves out what is empty', async () => {
    await using app = await serveApp({ groups: [fruitsGroup([])] });
    const ask = (accept: string): Promise<Reply> => app.ask({ path: '/apis', headers: { accept } });

    expect((await ask(PROTOBUF_V2)).bytes.toString('base64')).toBe(FRUITS_PROTOBUF);
    expect((await ask(JSON_V2)).body).toContain(
      '"verbs":["get","list"],"subresources":[{"subresource":"weight","responseKind":{"group":"","version":"","kind":"Weight"},"verbs":["get"]}]}],"freshness":"Current"},{"version":"v1beta1","freshness":"Current"}]}]}',
    );
  });

  test('has another tag once there is another resource', async () => {
    const more: AnyResource[] = [];
    await using app = await serveApp({ groups: [fruitsGroup([], () => more)] });
    const tag = async (): Promise<string | undefined> =>
      (await app.ask({ path: '/apis', headers: { accept: JSON_V2 } })).headers.etag;
    const before = await tag();
    const [tree] = fruitsGroup([]).versions[0]?.resources() ?? [];
    const again = await tag();
    more.push({ ...tree, name: 'pears/size', kind: 'Size' } as AnyResource);

    expect(again).toBe(before);
    expect(await tag()).not.toBe(before);
    expect((await app.ask({ path: '/apis', headers: { accept: JSON_V2 } })).body).toContain(
      '{"resource":"pears","responseKind":{"group":"","version":"","kind":""},"scope":"Cluster","singularResource":"","verbs":[],"subresources":[{"subresource":"size",',
    );
  });
});
