import type { Clock } from '../../clock.ts';
import { type CaBundle, CertificateError } from '../../pki/chain.ts';
import { AuthenticationError } from './authenticator.ts';
import type { PeerCertificate } from './peer-certificate.ts';

/**
 * Verifies a peer against a bundle at every request, since bundles change while connections live
 * (contract 6.2). A good verdict (about 0.1 ms of work) is kept for the connection and the bundle
 * until a certificate of the chain expires; a bad one is not kept.
 */
export class PeerVerifier {
  readonly #clock: Clock;
  readonly #goodUntilMs = new WeakMap<PeerCertificate, WeakMap<CaBundle, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws AuthenticationError when the certificate is not a valid client certificate of the bundle. */
  verify(peer: PeerCertificate, bundle: CaBundle): void {
    const nowMs = this.#clock.nowMs();
    const known = this.#goodUntilMs.get(peer)?.get(bundle);
    if (known !== undefined && nowMs <= known) return;
    try {
      const { notAfterMs } = bundle.verifyClient(peer.leaf, peer.intermediates, nowMs);
      const verdicts = this.#goodUntilMs.get(peer) ?? new WeakMap<CaBundle, number>();
      this.#goodUntilMs.set(peer, verdicts.set(bundle, notAfterMs));
    } catch (err) {
      if (!(err instanceof CertificateError)) throw err;
      const serial = BigInt(`0x${peer.leaf.serialNumber}`);
      throw new AuthenticationError(`verifying certificate SN=${serial} failed: ${err.message}`, {
        cause: err,
      });
    }
  }
}
