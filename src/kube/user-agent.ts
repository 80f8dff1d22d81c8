/** Go's names for what Node calls otherwise; audit logs are searched by them. */
const GO_ARCHITECTURES = new Map([
  ['x64', 'amd64'],
  ['ia32', '386'],
]);

/**
 * How we introduce ourselves to kube-apiserver: `metrics-server/0.1.0 (linux/amd64) node/26.10.0`.
 *
 * @param platform Node's `process.platform`
 * @param architecture Node's `process.arch`
 */
export function userAgent(
  version: string,
  platform: string,
  architecture: string,
  nodeVersion: string,
): string {
  const goArchitecture = GO_ARCHITECTURES.get(architecture) ?? architecture;
  return `metrics-server/${version} (${platform}/${goArchitecture}) node/${nodeVersion}`;
}
