import type { Clock } from '../../clock.ts';
import { type CaBundle, CertificateError } from '../../pki/chain.ts';
import { AuthenticationError } from './authenticator.ts';
import type { PeerCertificate } from './peer-certificate.ts';

interface Verdict {
  /** Undefined when the peer may be believed. */
  readonly refusal: AuthenticationError | undefined;
  /** The verdict holds for whole seconds from this one on, to that one: those of the certificates. */
  readonly fromSecond: number;
  readonly untilMs: number;
}

/**
 * Verifies a peer against a bundle at every request, since bundles change while connections live
 * (contract 6.2). A good verdict (about 0.1 ms of work) is kept for the connection and the bundle
 * until a certificate of the chain expires. A bad one is kept for the rest of its second: certificates become valid at
 * whole seconds, and the words of a refusal name the second. So the requests of an ordinary user, whose certificate is
 * none of the front proxy, do not pay for both bundles each.
 */
export class PeerVerifier {
  readonly #clock: Clock;
  readonly #verdicts = new WeakMap<PeerCertificate, WeakMap<CaBundle, Verdict>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws AuthenticationError when the certificate is not a valid client certificate of the bundle. */
  verify(peer: PeerCertificate, bundle: CaBundle): void {
    const nowMs = this.#clock.nowMs();
    const second = Math.floor(nowMs / 1000);
    let verdict = this.#verdicts.get(peer)?.get(bundle);
    // A clock that was set back asks again.
    if (!verdict || nowMs > verdict.untilMs || second < verdict.fromSecond) {
      verdict = judge(peer, bundle, nowMs);
      const verdicts = this.#verdicts.get(peer) ?? new WeakMap<CaBundle, Verdict>();
      this.#verdicts.set(peer, verdicts.set(bundle, verdict));
    }
    if (verdict.refusal) throw verdict.refusal;
  }
}

function judge(peer: PeerCertificate, bundle: CaBundle, nowMs: number): Verdict {
  const fromSecond = Math.floor(nowMs / 1000);
  try {
    const { notAfterMs } = bundle.verifyClient(peer.leaf, peer.intermediates, nowMs);
    return { refusal: undefined, fromSecond, untilMs: notAfterMs };
  } catch (err) {
    if (!(err instanceof CertificateError)) throw err;
    const serial = BigInt(`0x${peer.leaf.serialNumber}`);
    const words = `verifying certificate SN=${serial} failed: ${err.message}`;
    const refusal = new AuthenticationError(words, { cause: err });
    return { refusal, fromSecond, untilMs: fromSecond * 1000 + 999 };
  }
}
