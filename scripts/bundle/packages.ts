import { copyFileSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const TERMS = /^(?:licen[cs]e|copying|notice)/i;

/** A package that a bundle has parts of. */
export interface BundledPackage {
  /** Below the root: `node_modules/express`. */
  readonly folder: string;
  /** Names of the files that say on what terms it may be passed on. */
  readonly terms: readonly string[];
}

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly license?: unknown;
}

/**
 * The packages that a bundle was made of, in the order of their names.
 * @param root the folder of package.json, with a separator at its end
 * @param files what the bundle was made of, below the root
 * @throws Error for a package that does not say on what terms it may be passed on
 */
function bundledPackages(root: string, files: readonly string[]): BundledPackage[] {
  const folders = new Set(files.flatMap((file) => PACKAGE.exec(file)?.[1] ?? []));
  return [...folders].toSorted().map((folder) => {
    const terms = readdirSync(join(root, folder)).filter((name) => TERMS.test(name));
    const { license } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    ) as Manifest;
    if (terms.length === 0 && typeof license !== 'string') {
      throw new Error(`Cannot pass on ${folder}: it has no licence, neither as a file nor by name`);
    }
    return { folder, terms };
  });
}

/**
 * Lays each package's name, version and licence below `out/node_modules`, where scanners look for them and readers find
 * them, without its code.
 */
export function layDownTerms({
  root,
  files,
  out,
}: {
  readonly root: string;
  readonly files: readonly string[];
  readonly out: string;
}): BundledPackage[] {
  const packages = bundledPackages(root, files);
  for (const { folder, terms } of packages) {
    const target = join(out, folder);
    mkdirSync(target, { recursive: true });
    for (const name of ['package.json', ...terms]) {
      copyFileSync(join(root, folder, name), join(target, name));
    }
  }
  return packages;
}
