import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createCluster } from '../../../src/simulator/cluster.ts';
import { createWorld } from '../../../src/simulator/world.ts';
import { systemClock } from '../../../src/clock.ts';
import {
  identityOf,
  makeSecrets,
  readSecrets,
  writeSecrets,
} from '../../conformance/identities.ts';

async function secretsOfACluster() {
  const world = createWorld({ nodes: 1, pods: 0, clock: systemClock });
  world.addNamespace('team-a');
  world.addOther({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'team-a', name: 'reader', uid: 'u', creationTimestamp: '' },
  });
  await using cluster = await createCluster({ world });
  return { secrets: makeSecrets(cluster, Date.now()), authorities: cluster.authorities };
}

describe('identities', () => {
  test('survive being written and read', async () => {
    const { secrets } = await secretsOfACluster();
    const folder = await mkdtemp(join(tmpdir(), 'identities-'));
    try {
      await writeSecrets(join(folder, 'new'), secrets);

      expect(await readSecrets(join(folder, 'new'))).toEqual(secrets);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('are what their names say', async () => {
    const { secrets, authorities } = await secretsOfACluster();
    const facts = (name: string) => {
      const { certificate } = identityOf(name, secrets);
      const read = new X509Certificate(certificate?.certPem ?? '');
      const isOf = (authority: string) => read.verify(new X509Certificate(authority).publicKey);
      return {
        subject: read.subject,
        isOver: Date.parse(read.validTo) < Date.now(),
        by: [isOf(authorities.client) && 'client', isOf(authorities.frontProxy) && 'front proxy'],
      };
    };

    expect(facts('admin')).toEqual({
      subject: 'O=system:masters\nCN=admin',
      isOver: false,
      by: ['client', false],
    });
    expect(facts('expired certificate')).toMatchObject({ subject: 'CN=viewer', isOver: true });
    expect(facts('proxy wrong ca')).toMatchObject({
      subject: 'CN=front-proxy-client',
      by: [false, false],
    });
    expect(facts('proxy wrong cn')).toMatchObject({
      subject: 'CN=other-client',
      by: [false, 'front proxy'],
    });
    expect(identityOf('two users', secrets).headers).toEqual([
      ['X-Remote-User', 'viewer'],
      ['X-Remote-User', 'nobody'],
    ]);
    expect(identityOf('bearer empty', secrets)).toEqual({
      certificate: undefined,
      headers: [['Authorization', 'Bearer ']],
    });
    expect(() => identityOf('stranger', secrets)).toThrow('there is no identity "stranger"');
  });
});
