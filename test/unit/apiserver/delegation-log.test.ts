import { describe, expect, test } from '@jest/globals';
import { DelegationLog } from '../../../src/apiserver/delegation-log.ts';
import { LogRecorder } from '../../support/log-recorder.ts';

describe('DelegationLog', () => {
  test('names the role to be bound when kube-apiserver forbids the question', () => {
    const log = new LogRecorder();
    const err = Object.assign(new Error('forbidden'), { status: 403 });

    new DelegationLog(log, 'TokenReview').failed(err);

    expect(log.lines).toEqual([
      {
        level: 'warn',
        message: 'Could not ask kube-apiserver for a review',
        fields: {
          review: 'TokenReview',
          err,
          remedy: 'Bind the service account to the role system:auth-delegator',
        },
      },
    ]);
  });

  test.each([
    ['the network', Object.assign(new Error('connect ECONNREFUSED'), { status: 0 })],
    ['anything else', 'unknown'],
  ])('does not send people to a role for %s', (_name, err) => {
    const log = new LogRecorder();

    new DelegationLog(log, 'SubjectAccessReview').failed(err);

    expect(log.lines[0]?.fields).toEqual({ review: 'SubjectAccessReview', err });
  });

  test('says once that it fails, and once that it works again', () => {
    const log = new LogRecorder();
    const delegation = new DelegationLog(log, 'TokenReview');

    delegation.succeeded();
    delegation.failed('a');
    delegation.failed('b');
    delegation.succeeded();
    delegation.succeeded();

    expect(log.told).toEqual([
      'warn Could not ask kube-apiserver for a review',
      'info Asked kube-apiserver for a review again',
    ]);
  });
});
