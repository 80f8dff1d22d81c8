import { boolean, duration, float32, ignored, integer, text } from './flag-kinds.ts';
import type { Flag } from './flag-kinds.ts';

/** What kube-apiserver passes on is in its own audit log; upstream writes one only with a policy and a backend. */
function audit<Value>(flag: Flag<Value>): Flag<Value> {
  return ignored(flag, 'this server writes no audit log');
}

/** A policy and a backend together are refused (contradictions.ts), so that nobody believes to be audited. */
function auditRequest<Value>(flag: Flag<Value>): Flag<Value> {
  return ignored(
    flag,
    'this server writes no audit log; a policy together with a log file or a webhook is refused',
  );
}

const BUFFER_SIZE = 'Events that wait to be written.';
const MAX_BATCH = 'Events in one batch.';
const MAX_WAIT = 'How long a batch waits to become full.';
const BURST = 'Batches sent at once at most.';
const THROTTLE = 'Limit the rate of batches.';
const RATE = 'Batches a second.';
const MODE = 'When events are sent: batch, blocking or blocking-strict.';
const TRUNCATE = 'Cut events and batches that are too long.';
const BATCH_BYTES = 'Longest batch, in bytes.';
const EVENT_BYTES = 'Longest event, in bytes.';
const API_VERSION = 'API version of the events.';

export const AUDIT_FLAGS = {
  'audit-log-batch-buffer-size': audit(integer(10_000, BUFFER_SIZE)),
  'audit-log-batch-max-size': audit(integer(1, MAX_BATCH)),
  'audit-log-batch-max-wait': audit(duration(0, MAX_WAIT)),
  'audit-log-batch-throttle-burst': audit(integer(0, BURST)),
  'audit-log-batch-throttle-enable': audit(boolean(false, THROTTLE)),
  'audit-log-batch-throttle-qps': audit(float32(0, RATE)),
  'audit-log-compress': audit(boolean(false, 'Compress finished log files.')),
  'audit-log-format': audit(text('json', 'Form of the audit log: legacy or json.')),
  'audit-log-maxage': audit(integer(366, 'Days that log files are kept.')),
  'audit-log-maxbackup': audit(integer(100, 'Log files that are kept.')),
  'audit-log-maxsize': audit(integer(100, 'Megabytes at which a new log file begins.')),
  'audit-log-mode': audit(text('blocking', MODE)),
  'audit-log-path': auditRequest(text('', 'File of the audit log; - is standard output.')),
  'audit-log-truncate-enabled': audit(boolean(false, TRUNCATE)),
  'audit-log-truncate-max-batch-size': audit(integer(10_485_760, BATCH_BYTES)),
  'audit-log-truncate-max-event-size': audit(integer(102_400, EVENT_BYTES)),
  'audit-log-version': audit(text('audit.k8s.io/v1', API_VERSION)),
  'audit-policy-file': auditRequest(text('', 'File that says what is audited.')),
  'audit-webhook-batch-buffer-size': audit(integer(10_000, BUFFER_SIZE)),
  'audit-webhook-batch-initial-backoff': audit(
    duration(10_000, 'Old name of --audit-webhook-initial-backoff.'),
  ),
  'audit-webhook-batch-max-size': audit(integer(400, MAX_BATCH)),
  'audit-webhook-batch-max-wait': audit(duration(30_000, MAX_WAIT)),
  'audit-webhook-batch-throttle-burst': audit(integer(15, BURST)),
  'audit-webhook-batch-throttle-enable': audit(boolean(true, THROTTLE)),
  'audit-webhook-batch-throttle-qps': audit(float32(10, RATE)),
  'audit-webhook-config-file': auditRequest(text('', 'Kubeconfig file that names the webhook.')),
  'audit-webhook-initial-backoff': audit(
    duration(10_000, 'How long to wait before a failed request is sent again.'),
  ),
  'audit-webhook-mode': audit(text('batch', MODE)),
  'audit-webhook-truncate-enabled': audit(boolean(false, TRUNCATE)),
  'audit-webhook-truncate-max-batch-size': audit(integer(10_485_760, BATCH_BYTES)),
  'audit-webhook-truncate-max-event-size': audit(integer(102_400, EVENT_BYTES)),
  'audit-webhook-version': audit(text('audit.k8s.io/v1', API_VERSION)),
};
