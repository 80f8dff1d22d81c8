import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { kubeInstruments } from '../../../src/kube/instruments.ts';

describe('kubeInstruments', () => {
  test('counts calls under the names of Kubernetes clients', async () => {
    const registry = new Registry();
    const { requests, tokenReviews, accessReviews } = kubeInstruments(registry);

    requests.requested('GET', '10.0.0.1:443', '200', 0.2);
    requests.requested('POST', '10.0.0.1:443', '<error>', 9);
    requests.waited('POST', '10.0.0.1:443', 0);
    requests.transferred('POST', '10.0.0.1:443', 100, 2_000);
    tokenReviews.reviewed('201', 0.6);
    accessReviews.reviewed('<error>', 10);

    const lines = (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#'));
    expect(lines).toEqual(
      expect.arrayContaining([
        'rest_client_requests_total{code="200",host="10.0.0.1:443",method="GET"} 1',
        'rest_client_requests_total{code="<error>",host="10.0.0.1:443",method="POST"} 1',
        'rest_client_request_duration_seconds_bucket{le="0.25",host="10.0.0.1:443",verb="GET"} 1',
        'rest_client_request_duration_seconds_bucket{le="8",host="10.0.0.1:443",verb="POST"} 0',
        'rest_client_rate_limiter_duration_seconds_count{host="10.0.0.1:443",verb="POST"} 1',
        'rest_client_request_size_bytes_sum{host="10.0.0.1:443",verb="POST"} 100',
        'rest_client_response_size_bytes_sum{host="10.0.0.1:443",verb="POST"} 2000',
        'apiserver_delegated_authn_request_total{code="201"} 1',
        'apiserver_delegated_authn_request_duration_seconds_bucket{le="0.5",code="201"} 0',
        'apiserver_delegated_authn_request_duration_seconds_bucket{le="0.7",code="201"} 1',
        'apiserver_delegated_authz_request_total{code="<error>"} 1',
        'apiserver_delegated_authz_request_duration_seconds_bucket{le="10",code="<error>"} 1',
      ]),
    );
  });
});
