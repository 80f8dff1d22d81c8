import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createCertificateAuthority } from '../../../src/pki/certificate.ts';
import { OWN_EXCHANGES, readExchanges } from '../../conformance/exchanges.ts';
import { OwnDocuments } from '../../conformance/own-documents.ts';

const V1BETA1 = '/openapi/v3/apis/metrics.k8s.io/v1beta1';
const [OWN_V2, OWN_INDEX, OWN_V1BETA1] = ['A', 'B', 'C'].map((letter) => letter.repeat(128));

/** The versions that were recorded of the same documents. */
function recordedTag(path: string): string {
  const found = readExchanges(OWN_EXCHANGES).find((exchange) => exchange.path === path);
  return found?.response.headers.get('etag') ?? '';
}

/** A server with documents of its own. */
async function documentsOfAServer(): Promise<OwnDocuments> {
  const authority = createCertificateAuthority({ commonName: 'ca', nowMs: Date.now() });
  const { certPem, keyPem } = authority.issue({ commonName: 'server', usages: ['serverAuth'] });
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const isIndex = request.url === '/openapi/v3';
    response.setHeader('etag', `"${(isIndex ? OWN_INDEX : OWN_V2) ?? ''}"`);
    const url = `${V1BETA1}?hash=${OWN_V1BETA1 ?? ''}`;
    response.end(isIndex ? JSON.stringify({ paths: { x: { serverRelativeURL: url } } }) : '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const secrets = { certificates: new Map(), tokens: new Map() };
    return await OwnDocuments.of({ address: { host: '127.0.0.1', port }, secrets });
  } finally {
    server.close();
    await once(server, 'close');
  }
}

describe('OwnDocuments', () => {
  test('translates versions of recorded documents, and nothing else', async () => {
    const documents = await documentsOfAServer();
    const hash = recordedTag(V1BETA1).slice(1, -1);
    const rest = { method: 'GET', body: undefined, certificate: undefined };

    const translated = documents.translate({
      ...rest,
      path: `${V1BETA1}?hash=${hash}&timeout=32s`,
      headers: [
        ['If-None-Match', recordedTag('/openapi/v2')],
        ['If-Match', `W/${recordedTag('/openapi/v3')}`],
        ['X-Other', 'D'.repeat(128)],
      ],
    });

    expect(translated).toEqual({
      ...rest,
      path: `${V1BETA1}?hash=${OWN_V1BETA1}&timeout=32s`,
      headers: [
        ['If-None-Match', `"${OWN_V2}"`],
        ['If-Match', `W/"${OWN_INDEX}"`],
        ['X-Other', 'D'.repeat(128)],
      ],
    });
  });
});
