import type { Logger } from '../log.ts';
import { KubeError, isOutOfReach } from './kube-error.ts';

interface TroubleOptions {
  readonly log: Logger;
  /** For the log: `nodes`. */
  readonly resource: string;
  /** What to do when we are not allowed to read it. */
  readonly remedy: string;
}

/** Tells the log when following a resource stops working, when the reason changes, and when it works again. */
export class Trouble {
  private readonly options: TroubleOptions;
  private state = '';

  constructor(options: TroubleOptions) {
    this.options = options;
  }

  tell(err: unknown): void {
    const state = stateOf(err);
    const { log, resource, remedy } = this.options;
    if (state === this.state) {
      log.debug({ err, resource }, 'Could still not follow resource');
      return;
    }
    this.state = state;
    if (state === 'status 403')
      log.error({ err, resource, remedy }, 'Not allowed to follow resource');
    else log.warn({ err, resource, ...adviceOn(err) }, 'Could not follow resource, retrying');
  }

  over(): void {
    if (this.state === '') return;
    this.state = '';
    this.options.log.info({ resource: this.options.resource }, 'Follows resource again');
  }
}

/** The server cannot be reached, or not all the way: in which manner changes from moment to moment. */
const AWAY = 'away';

/** Coarser than the message, which may name a port or an address of the moment. */
function stateOf(err: unknown): string {
  if (!(err instanceof KubeError)) return 'unexpected';
  if (err.kind !== 'tls' && isOutOfReach(err)) return AWAY;
  return err.kind === 'status' ? `status ${err.status}` : err.kind;
}

const ADVICE: Readonly<Record<string, string>> = {
  'status 401': 'Check that the token or client certificate is one this cluster knows',
  tls: 'Check the CA and the name in the certificate of kube-apiserver (tls-server-name)',
  [AWAY]: 'See whether kube-apiserver runs; check its address, and the network policies in between',
};

function adviceOn(err: unknown): { readonly remedy?: string } {
  const remedy = ADVICE[stateOf(err)];
  return remedy === undefined ? {} : { remedy };
}
