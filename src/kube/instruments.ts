import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RequestInstruments } from './client.ts';
import type { ReviewInstruments } from './review.ts';

export interface KubeInstruments {
  readonly requests: RequestInstruments;
  readonly tokenReviews: ReviewInstruments;
  readonly accessReviews: ReviewInstruments;
  readonly transports: TransportInstruments;
}

/** Our ways to kube-apiserver, each with credentials and connections of its own. */
interface TransportInstruments {
  asked(result: 'hit' | 'miss'): void;
}

const REQUEST_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const SIZE_BYTES = [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216];
const REVIEW_SECONDS = [0.25, 0.5, 0.7, 1, 1.5, 3, 5, 10];

/** Metrics of our calls to kube-apiserver, under the names of Kubernetes' own clients. Call it once a registry. */
export function kubeInstruments(registry: Registry): KubeInstruments {
  return {
    requests: requestInstruments(registry),
    tokenReviews: reviewInstruments(registry, 'apiserver_delegated_authn', 'TokenReview'),
    accessReviews: reviewInstruments(registry, 'apiserver_delegated_authz', 'SubjectAccessReview'),
    transports: transportInstruments(registry),
  };
}

function requestInstruments(registry: Registry): RequestInstruments {
  const registers = [registry];
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: '[ALPHA] Requests to kube-apiserver, watches included, by the code of the answer.',
    labelNames: ['code', 'host', 'method'],
    registers,
  });
  const histogram = (name: string, help: string, buckets: number[]): Histogram<'host' | 'verb'> =>
    new Histogram({ name, help, labelNames: ['host', 'verb'], buckets, registers });
  const seconds = histogram(
    'rest_client_request_duration_seconds',
    '[ALPHA] How long requests to kube-apiserver took in seconds, until the headers of the answer.',
    REQUEST_SECONDS,
  );
  const waits = histogram(
    'rest_client_rate_limiter_duration_seconds',
    '[ALPHA] How long requests to kube-apiserver waited for our own rate limit, in seconds.',
    REQUEST_SECONDS,
  );
  const sent = histogram(
    'rest_client_request_size_bytes',
    '[ALPHA] Size of what was sent to kube-apiserver, in bytes.',
    SIZE_BYTES,
  );
  const received = histogram(
    'rest_client_response_size_bytes',
    '[ALPHA] Size of what kube-apiserver answered, in bytes.',
    SIZE_BYTES,
  );
  return {
    requested(verb, host, code, duration) {
      requests.inc({ code, host, method: verb });
      seconds.observe({ host, verb }, duration);
    },
    waited(verb, host, duration) {
      waits.observe({ host, verb }, duration);
    },
    transferred(verb, host, sentBytes, receivedBytes) {
      sent.observe({ host, verb }, sentBytes);
      received.observe({ host, verb }, receivedBytes);
    },
  };
}

function transportInstruments(registry: Registry): TransportInstruments {
  const registers = [registry];
  const entries = new Gauge({
    name: 'rest_client_transport_cache_entries',
    help: '[ALPHA] Ways to kube-apiserver, each with credentials and connections of its own.',
    registers,
  });
  const calls = new Counter({
    name: 'rest_client_transport_create_calls_total',
    help: '[ALPHA] How often a way to kube-apiserver was asked for: one that there was (hit), or a new one (miss).',
    labelNames: ['result'],
    registers,
  });
  return {
    asked(result) {
      calls.inc({ result });
      if (result === 'miss') entries.inc();
    },
  };
}

function reviewInstruments(registry: Registry, prefix: string, review: string): ReviewInstruments {
  const registers = [registry];
  const requests = new Counter({
    name: `${prefix}_request_total`,
    help: `[ALPHA] ${review}s asked of kube-apiserver, by the code of the answer.`,
    labelNames: ['code'],
    registers,
  });
  const seconds = new Histogram({
    name: `${prefix}_request_duration_seconds`,
    help: `[ALPHA] How long ${review}s took in seconds, by the code of the answer.`,
    labelNames: ['code'],
    buckets: REVIEW_SECONDS,
    registers,
  });
  return {
    reviewed(code, duration) {
      requests.inc({ code });
      seconds.observe({ code }, duration);
    },
  };
}
