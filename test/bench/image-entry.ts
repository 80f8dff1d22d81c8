/** How the image runs the server: the flags for V8 and Node, the file below the project's folder, the environment. */
export interface ImageEntry {
  readonly nodeFlags: readonly string[];
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

const NODE = '/nodejs/node';
const HOME = '/app/';
const TARGET = 'server';

/**
 * Reads it off the Dockerfile's target `server`: from the entry that its lines write (`#!/nodejs/node FLAGS`, then
 * `import` or `require`), or from an ENTRYPOINT that calls Node itself; and from the ENV lines of the stages that the
 * target stands on.
 *
 * @throws Error when there is neither.
 */
export function imageEntry(dockerfile: string): ImageEntry {
  const stages = stagesOf(dockerfile);
  const env = Object.fromEntries(
    stages.flatMap(({ lines }) =>
      [...lines.matchAll(/^ENV (\w+)=(\S*)$/gm)].map(([, name = '', value = '']) => [name, value]),
    ),
  );
  const [, flags, file] =
    /#!\/nodejs\/node((?: -[^\s'"\\]+)*)\s*['"][^\n]*?(?:import|require)\(\s*["']\/app\/([^"']+)["']\s*\)/.exec(
      dockerfile,
    ) ?? [];
  if (flags !== undefined && file !== undefined) {
    return { nodeFlags: flags.split(' ').filter((flag) => flag !== ''), file, env };
  }
  const [program, ...words] = execFormOf(stages.at(-1)?.lines ?? '');
  const path = words.at(-1);
  if (program !== NODE || !path?.startsWith(HOME)) {
    throw new Error(`Cannot find how the Dockerfile starts Node in its target "${TARGET}"`);
  }
  return { nodeFlags: words.slice(0, -1), file: path.slice(HOME.length), env };
}

interface Stage {
  readonly base: string;
  readonly name: string;
  readonly lines: string;
}

/** The target and what it stands on, the lowest one first; none where there is no such target. */
function stagesOf(dockerfile: string): Stage[] {
  const all = dockerfile.split(/^FROM /m).map((text): Stage => {
    const [, base = '', name = ''] = /^(\S+) AS (\S+)\s/.exec(text) ?? [];
    return { base, name, lines: text };
  });
  const chain: Stage[] = [];
  // A stage stands on an earlier one, so this ends.
  for (let at = all.findIndex(({ name }) => name === TARGET); at >= 0;) {
    const stage = all[at];
    if (!stage) break;
    chain.unshift(stage);
    at = all.slice(0, at).findIndex(({ name }) => name === stage.base);
  }
  return chain;
}

/** The words of the ENTRYPOINT; none where there is no such line in JSON. */
function execFormOf(lines: string): string[] {
  const [, json] = /^ENTRYPOINT (\[.*\])\s*$/m.exec(lines) ?? [];
  const words: unknown = json === undefined ? [] : JSON.parse(json);
  return Array.isArray(words) ? words.map(String) : [];
}
