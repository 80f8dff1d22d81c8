import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createSecureServer } from '../../../src/apiserver/secure-serving.ts';
import type { SecureServer } from '../../../src/apiserver/secure-serving.ts';
import { systemClock } from '../../../src/clock.ts';

const quiet = (): void => undefined;
const log = { error: quiet, warn: quiet, info: quiet, debug: quiet };

function server(certDir: string, port: number, reusePort: boolean): SecureServer {
  return createSecureServer({
    serving: {
      ...{ bindAddress: '127.0.0.1', port, reusePort, certDir, certFile: '', keyFile: '' },
      ...{ sniCertificates: [], minTlsVersion: 'TLSv1.2', ciphers: [], curves: [] },
      ...{ requestTimeoutMs: 1000, maxRequestsInFlight: 1, maxMutatingRequestsInFlight: 1 },
    },
    handler: (_request, response) => response.end(),
    clock: systemClock,
    log,
  });
}

test('lets several servers share a port only when all of them ask for it', async () => {
  await using folders = new AsyncDisposableStack();
  const certDir = await mkdtemp(join(tmpdir(), 'port-sharing-'));
  folders.defer(() => rm(certDir, { recursive: true }));
  await using first = server(certDir, 0, true);
  const { port } = await first.listen();
  await using second = server(certDir, port, true);
  await using third = server(certDir, port, false);

  await expect(second.listen()).resolves.toMatchObject({ port });
  await expect(third.listen()).rejects.toThrow(`127.0.0.1:${port}`);
});
