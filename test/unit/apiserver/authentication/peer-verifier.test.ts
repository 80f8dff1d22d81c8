import { describe, expect, test } from '@jest/globals';
import { PeerVerifier } from '../../../../src/apiserver/authentication/peer-verifier.ts';
import { CaBundle } from '../../../../src/pki/chain.ts';
import { clientCa, frontProxyCa, handClock, peer } from './peers.ts';

describe('PeerVerifier', () => {
  test('does the work once for a connection and a bundle', () => {
    const verifier = new PeerVerifier(handClock());
    const { bundle, asked } = counting(CaBundle.parse(clientCa.certPem));
    const known = peer(clientCa, {});

    for (let request = 0; request < 5; request++) verifier.verify(known, bundle);
    expect(asked()).toBe(1);

    verifier.verify(peer(clientCa, {}), bundle);
    expect(asked()).toBe(2);
  });

  test('refuses a stranger with the same words until the second is over, then looks again', () => {
    const clock = handClock();
    const verifier = new PeerVerifier(clock);
    const { bundle, asked } = counting(CaBundle.parse(clientCa.certPem));
    const stranger = peer(frontProxyCa, {});
    const verify = (): void => {
      verifier.verify(stranger, bundle);
    };
    clock.advance(1000 - (clock.nowMs() % 1000));

    for (let request = 0; request < 5; request++) {
      expect(verify).toThrow(/unknown authority/);
      clock.advance(250);
    }
    expect(asked()).toBe(1 + 1);
    expect(() => {
      verifier.verify(stranger, CaBundle.parse(frontProxyCa.certPem));
    }).not.toThrow();
  });

  test('believes a certificate from the second on at which it becomes valid', () => {
    const clock = handClock();
    const verifier = new PeerVerifier(clock);
    const bundle = CaBundle.parse(clientCa.certPem);
    const startMs = Math.ceil(clock.nowMs() / 1000) * 1000 + 5000;
    const early = peer(clientCa, { notBeforeMs: startMs });
    const verify = (): void => {
      verifier.verify(early, bundle);
    };

    clock.advance(startMs - 1 - clock.nowMs());
    expect(verify).toThrow(/not yet valid/);
    clock.advance(1);
    expect(verify).not.toThrow();
    clock.advance(-1);
    expect(verify).toThrow(/not yet valid/);
  });
});

/** The same bundle, and how often it was asked. */
function counting(bundle: CaBundle): { bundle: CaBundle; asked: () => number } {
  let asked = 0;
  return {
    bundle: Object.assign(Object.create(bundle) as CaBundle, {
      verifyClient: (...args: Parameters<CaBundle['verifyClient']>) => {
        asked += 1;
        return bundle.verifyClient(...args);
      },
    }),
    asked: () => asked,
  };
}
