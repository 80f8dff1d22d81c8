import { describe, expect, test } from '@jest/globals';
import { PeerVerifier } from '../../../../src/apiserver/authentication/peer-verifier.ts';
import { CaBundle } from '../../../../src/pki/chain.ts';
import { clientCa, frontProxyCa, handClock, peer } from './peers.ts';

describe('PeerVerifier', () => {
  test('does the work once for a connection and a bundle', () => {
    const verifier = new PeerVerifier(handClock());
    const bundle = CaBundle.parse(clientCa.certPem);
    const known = peer(clientCa, {});
    let asked = 0;
    const counted = Object.assign(Object.create(bundle) as CaBundle, {
      verifyClient: (...args: Parameters<CaBundle['verifyClient']>) => {
        asked += 1;
        return bundle.verifyClient(...args);
      },
    });

    for (let request = 0; request < 5; request++) verifier.verify(known, counted);
    expect(asked).toBe(1);

    verifier.verify(peer(clientCa, {}), counted);
    expect(asked).toBe(2);
  });

  test('asks again for a peer that was refused', () => {
    const verifier = new PeerVerifier(handClock());
    const stranger = peer(frontProxyCa, {});

    for (let request = 0; request < 2; request++) {
      expect(() => {
        verifier.verify(stranger, CaBundle.parse(clientCa.certPem));
      }).toThrow(/unknown authority/);
    }
  });
});
