import { goQuote } from '../apimachinery/go-quote.ts';

interface ComponentGlobals {
  readonly emulatedVersions: readonly string[];
  readonly minCompatibilityVersions: readonly string[];
  /** As typed: `component:Feature=true`, the component can be missing. */
  readonly featureGates: readonly string[];
}

const DEFAULT_COMPONENT = 'kube';

/**
 * What upstream's server says of --emulated-version, --min-compatibility-version and --feature-gates. It
 * registers no component that they could be set for, so that it refuses every value: component-base/compatibility.
 */
export function componentProblems(globals: ComponentGlobals): string[] {
  const problem =
    versionsProblem(globals.emulatedVersions) ??
    versionsProblem(globals.minCompatibilityVersions) ??
    unregistered(componentsOf(globals.featureGates)[0]);
  return problem === undefined ? [] : [problem];
}

function componentsOf(featureGates: readonly string[]): string[] {
  return featureGates.map((pair) => {
    const colon = pair.indexOf(':');
    return (colon < 0 ? '' : pair.slice(0, colon).trim()) || DEFAULT_COMPONENT;
  });
}

function unregistered(component: string | undefined): string | undefined {
  return component === undefined ? undefined : `component not registered: ${component}`;
}

function versionsProblem(typed: readonly string[]): string | undefined {
  const versions = new Map<string, string>();
  for (const text of typed) {
    const [component, version] = splitPair(text);
    const parts = partsOf(version);
    if (typeof parts === 'string') return parts;
    const shown = parts.join('.');
    if ((parts[2] ?? 0) !== 0) return `patch version not allowed, got: ${component}=${shown}`;
    const earlier = versions.get(component);
    if (earlier !== undefined) {
      return `duplicate version flag, ${component}=${earlier} and ${component}=${shown}`;
    }
    versions.set(component, shown);
  }
  const [first] = versions.keys();
  return unregistered(first);
}

function splitPair(text: string): [component: string, version: string] {
  const equals = text.indexOf('=');
  if (equals < 0) return [DEFAULT_COMPONENT, text];
  return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}

/** The numbers of a version, or what is wrong with it. */
function partsOf(text: string): number[] | string {
  const [, digits] = /^\s*v?(\d+(?:\.\d+)*)/.exec(text) ?? [];
  if (digits === undefined) return `could not parse ${goQuote(text)} as version`;
  const parts = digits.split('.');
  const [major = ''] = parts;
  if (parts.length < 2) return `illegal version string ${goQuote(text)}`;
  if (major.startsWith('0') && major !== '0') {
    return `illegal zero-prefixed version component ${goQuote(major)} in ${goQuote(text)}`;
  }
  return parts.map(Number);
}
