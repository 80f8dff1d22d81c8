/** How the image runs the server: the flags for V8 and Node, and the file below the project's folder. */
export interface ImageEntry {
  readonly nodeFlags: readonly string[];
  readonly file: string;
}

const NODE = '/nodejs/node';
const HOME = '/app/';

/**
 * Reads it off the Dockerfile's target `server`: from the entry that its lines write (`#!/nodejs/node FLAGS`, then an
 * import), or from an ENTRYPOINT that calls Node itself.
 *
 * @throws Error when there is neither.
 */
export function imageEntry(dockerfile: string): ImageEntry {
  const [, flags, file] =
    /#!\/nodejs\/node((?: -[^\s'"\\]+)*)\s*['"][^\n]*?import\(\s*["']\/app\/([^"']+)["']\s*\)/.exec(
      dockerfile,
    ) ?? [];
  if (flags !== undefined && file !== undefined) {
    return { nodeFlags: flags.split(' ').filter((flag) => flag !== ''), file };
  }
  const entry = execFormOf(dockerfile, 'server');
  const [program, ...words] = entry;
  const path = words.at(-1);
  if (program !== NODE || !path?.startsWith(HOME)) {
    throw new Error('Cannot find how the Dockerfile starts Node in its target "server"');
  }
  return { nodeFlags: words.slice(0, -1), file: path.slice(HOME.length) };
}

/** The words of the last ENTRYPOINT in a stage; none where it has no such line in JSON. */
function execFormOf(dockerfile: string, stage: string): string[] {
  const stages = dockerfile.split(/^FROM /m);
  const lines = stages.find((text) => new RegExp(`^\\S+ AS ${stage}\\s`).test(text)) ?? '';
  const [, json] = /^ENTRYPOINT (\[.*\])\s*$/m.exec(lines) ?? [];
  const words: unknown = json === undefined ? [] : JSON.parse(json);
  return Array.isArray(words) ? words.map(String) : [];
}
