import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { ApiGroup } from './api-group.ts';
import type { Authenticator } from './authentication/authenticator.ts';
import type { Authorizer } from './authorization/authorizer.ts';
import type { HealthCheck } from './health.ts';
import type { MemoryFigures } from './process-figures.ts';
import type { MetricsRegistry } from './self-metrics.ts';

/** What the app is made of. */
export interface AppParts {
  readonly groups: readonly ApiGroup[];
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** The server's own; those that every API server has are added in front. In the order they are shown. */
  readonly checks: readonly HealthCheck[];
  readonly registry: MetricsRegistry;
  readonly log: Logger;
  readonly clock: Clock;
  readonly serving: Serving;
  /** Our own version. */
  readonly version: string;
  /** Without them no list is refused for want of memory. */
  readonly memory?: MemoryFigures;
  /** True once the listener is closing and new requests on open connections are not wanted. */
  readonly isDraining?: () => boolean;
}

/** What of the serving configuration matters to requests (config/config.ts). */
export interface Serving {
  readonly port: number;
  readonly externalHostname: string;
  readonly requestTimeoutMs: number;
  readonly maxRequestsInFlight: number;
  readonly maxMutatingRequestsInFlight: number;
  readonly shutdownSendRetryAfter: boolean;
  readonly strictTransportSecurity: readonly string[];
  readonly corsAllowedOrigins: readonly string[];
}
