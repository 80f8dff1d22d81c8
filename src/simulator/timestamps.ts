/**
 * RFC 3339 in UTC with whole seconds, the fraction cut off: how Kubernetes writes a metav1.Time. The
 * simulator's own, so that a mistake in the server's writer cannot hide behind the same mistake here.
 */
export function formatTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
