import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { AgentHolder } from '../../../src/kube/agent.ts';
import type { KubeCredentials } from '../../../src/kube/kube-credentials.ts';
import { startApiServer } from '../../support/api-server.ts';

const LIMITS = { connections: 4, connectTimeoutMs: 5_000 };
const CONNECTED = 'undici:client:connected';

/** Of all connections that undici makes from now on, without keeping them. */
class ConnectionRefs implements Disposable {
  readonly refs: WeakRef<object>[] = [];

  constructor() {
    subscribe(CONNECTED, this.note);
  }

  [Symbol.dispose](): void {
    unsubscribe(CONNECTED, this.note);
  }

  private readonly note = (message: unknown): void => {
    const { socket } = message as { readonly socket: object };
    this.refs.push(new WeakRef(socket));
  };
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 5; round++) {
    await sleep(10);
    collect();
  }
}

describe('AgentHolder', () => {
  test('keeps nothing of connections that are over', async () => {
    await using server = await startApiServer((_, response) => {
      response.setHeader('Connection', 'close').end('{}');
    });
    const credentials: KubeCredentials = {
      server: server.url,
      ca: server.authority.certPem,
      insecureSkipTlsVerify: false,
      tlsServerName: undefined,
      clientCertificate: undefined,
      token: () => Promise.resolve(undefined),
      refreshToken: () => undefined,
    };
    await using holder = new AgentHolder(credentials, LIMITS);
    using connections = new ConnectionRefs();

    for (let request = 0; request < 8; request++) {
      const { body } = await holder
        .current()
        .request({ origin: server.url, path: '/', method: 'GET' });
      await body.dump();
    }
    await collectGarbage();

    const kept = connections.refs.filter((ref) => ref.deref() !== undefined);
    expect(connections.refs.length).toBe(8);
    // The last one may still be on its way out.
    expect(kept.length).toBeLessThanOrEqual(2);
  });
});
