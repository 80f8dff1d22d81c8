import { arch, platform } from 'node:os';

/** The Kubernetes API level that the server speaks; clients read it, so it is not our own version. */
const MAJOR = '1';
const MINOR = '36';
const MIN_COMPATIBLE_MINOR = '35';

/** Node's names for architectures, where Go has others. */
const GO_ARCHITECTURES = new Map([
  ['x64', 'amd64'],
  ['ia32', '386'],
]);

/**
 * `/version`, members in the order of Go's version.Info. Upstream shows the version of its Kubernetes library
 * there; ours shows the same level, with our own version as build metadata.
 */
export function versionDocument(version: string): object {
  return {
    major: MAJOR,
    minor: MINOR,
    emulationMajor: MAJOR,
    emulationMinor: MINOR,
    minCompatibilityMajor: MAJOR,
    minCompatibilityMinor: MIN_COMPATIBLE_MINOR,
    gitVersion: `v${MAJOR}.${MINOR}.0+metrics-server.${version.replace(/^v/, '')}`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${platform()}/${GO_ARCHITECTURES.get(arch()) ?? arch()}`,
  };
}
