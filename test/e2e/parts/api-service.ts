import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCertificateAuthority } from '../../../src/pki/certificate.ts';
import { eventually } from '../eventually.ts';
import type { Part } from '../part.ts';

const NOTICED_WITHIN_MS = 60_000;
/** The name that the aggregator asks for and verifies. */
const SERVICE_NAME = 'metrics-server.kube-system.svc';

export const apiServiceTrust: Part = {
  name: 'APIService and its trust',
  needs: [],
  async run(scene, check) {
    await check('is Available with insecureSkipTLSVerify', async () => {
      assert.deepEqual(await scene.condition(), {
        status: 'True',
        reason: 'Passed',
        message: 'all checks passed',
      });
    });
    const authority = createCertificateAuthority({ commonName: 'serving-ca', nowMs: Date.now() });
    const { certPem, keyPem } = authority.issue({
      commonName: SERVICE_NAME,
      dnsNames: [SERVICE_NAME],
      usages: ['serverAuth'],
    });
    const { folder } = scene.spec;
    const files = { cert: join(folder, 'serving.crt'), key: join(folder, 'serving.key') };
    await writeFile(files.cert, certPem);
    await writeFile(files.key, keyPem, { mode: 0o600 });
    await using server = await scene.startServer('verified', [
      `--tls-cert-file=${files.cert}`,
      `--tls-private-key-file=${files.key}`,
    ]);
    const bundle = (pem: string): object => ({ caBundle: Buffer.from(pem).toString('base64') });
    await check('is Available with a caBundle that verifies the serving certificate', async () => {
      await scene.register(server, bundle(authority.certPem));
      await scene.whenAvailable();
      await eventually(NOTICED_WITHIN_MS, () => scene.raw('/nodes'));
    });
    await check('says what is wrong with a caBundle of an other authority', async () => {
      const other = createCertificateAuthority({ commonName: 'other-ca', nowMs: Date.now() });
      await scene.register(server, bundle(other.certPem));
      await eventually(NOTICED_WITHIN_MS, async () => {
        const { status, reason, message } = await scene.condition();
        assert.deepEqual([status, reason], ['False', 'FailedDiscoveryCheck']);
        assert.match(message, /x509: certificate signed by unknown authority/);
      });
    });
    await check('recovers without a restart when the caBundle is mended', async () => {
      await scene.register(server, bundle(authority.certPem));
      await scene.whenAvailable();
      await eventually(NOTICED_WITHIN_MS, () => scene.raw('/nodes'));
    });
    await scene.register(scene.server);
    await scene.whenAvailable();
  },
};
