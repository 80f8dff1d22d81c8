/** One instruction of a Dockerfile, of the few kinds that ours needs. */
export type Instruction =
  | { readonly kind: 'RUN'; readonly line: number; readonly command: string }
  | {
      readonly kind: 'COPY';
      readonly line: number;
      /** A stage; undefined: the folder that the Dockerfile stands in. */
      readonly from: string | undefined;
      /** `UID:GID`. */
      readonly owner: string;
      readonly sources: readonly string[];
      readonly target: string;
    }
  | { readonly kind: 'ENV'; readonly line: number; readonly variables: readonly string[] }
  | { readonly kind: 'WORKDIR' | 'USER'; readonly line: number; readonly value: string }
  | {
      readonly kind: 'ENTRYPOINT' | 'CMD';
      readonly line: number;
      readonly words: readonly string[];
    };

export interface Stage {
  readonly name: string;
  /** An earlier stage, `scratch`, or the name of an image. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** One instruction as written, its lines put together. */
interface Sentence {
  readonly line: number;
  readonly keyword: string;
  readonly rest: string;
}

/**
 * Reads a Dockerfile that keeps to FROM AS, RUN, COPY, ENV, WORKDIR, USER, ENTRYPOINT and CMD, without variables
 * outside RUN and without wildcards in COPY.
 * @throws Error that names the line of anything else: what is not understood is never passed over
 */
export function parseDockerfile(text: string): Stage[] {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const sentence of sentencesOf(text)) {
    if (sentence.keyword === 'FROM') {
      const { name, base } = stageOf(sentence);
      if (stages.some((stage) => stage.name === name)) fail(sentence, `a second stage "${name}"`);
      stages.push({ name, base, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) return fail(sentence, 'an instruction before FROM');
    stage.instructions.push(instructionOf(sentence));
  }
  return stages;
}

/** Comments and empty lines count for nothing, even between the lines of one instruction, as in Docker's own reading. */
function sentencesOf(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  let begun: { readonly line: number; readonly text: string } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const { line: first, text: before } = begun ?? { line: index + 1, text: '' };
    if (line.endsWith('\\')) {
      begun = { line: first, text: `${before}${line.slice(0, -1).trimEnd()} ` };
      continue;
    }
    const [keyword = '', rest = ''] = splitAtSpace(`${before}${line}`);
    sentences.push({ line: first, keyword: keyword.toUpperCase(), rest });
    begun = undefined;
  }
  if (begun !== undefined) throw new Error(`Dockerfile:${begun.line}: ends within an instruction`);
  return sentences;
}

function splitAtSpace(text: string): string[] {
  return /^(\S+)\s*(.*)$/.exec(text)?.slice(1) ?? [];
}

function fail({ line, keyword }: Sentence, found: string): never {
  throw new Error(`Dockerfile:${line}: ${keyword}: cannot carry out ${found}`);
}

function stageOf(sentence: Sentence): { name: string; base: string } {
  const [, base, name] = /^([^\s$-]\S*)\s+AS\s+([a-z][a-z0-9._-]*)$/i.exec(sentence.rest) ?? [];
  if (base === undefined || name === undefined) {
    return fail(sentence, `"${sentence.rest}": expected IMAGE AS NAME`);
  }
  return { name, base };
}

function instructionOf(sentence: Sentence): Instruction {
  const { keyword, line, rest } = sentence;
  switch (keyword) {
    case 'RUN':
      if (/^(?:--|\[)|<</.test(rest)) fail(sentence, 'flags, lists of words, or here-documents');
      return { kind: keyword, line, command: rest };
    case 'COPY':
      return copyOf(sentence);
    case 'ENV':
      return { kind: keyword, line, variables: variablesOf(sentence) };
    case 'WORKDIR':
    case 'USER':
      if (!/^[\w./:-]+$/.test(rest)) fail(sentence, `"${rest}"`);
      if (keyword === 'WORKDIR' && !rest.startsWith('/')) fail(sentence, 'a path that is relative');
      return { kind: keyword, line, value: rest };
    case 'ENTRYPOINT':
    case 'CMD':
      return { kind: keyword, line, words: listOf(sentence) };
    default:
      return fail(sentence, 'this instruction');
  }
}

function copyOf(sentence: Sentence): Instruction {
  const words = sentence.rest.split(/\s+/);
  const { from, owner } = copyFlagsOf(sentence, words);
  const sources = words.filter((word) => !word.startsWith('--'));
  const target = sources.pop() ?? '';
  if (sources.length === 0) fail(sentence, `"${sentence.rest}": expected SOURCE... TARGET`);
  if (sources.length > 1 && !target.endsWith('/')) {
    fail(sentence, `"${target}": expected a folder/`);
  }
  const odd = [...sources, target].find((word) => !/^[\w./-]+$/.test(word) || word.includes('..'));
  if (odd !== undefined) fail(sentence, `"${odd}"`);
  return { kind: 'COPY', line: sentence.line, from, owner, sources, target };
}

function copyFlagsOf(
  sentence: Sentence,
  words: readonly string[],
): { from: string | undefined; owner: string } {
  let from: string | undefined;
  let owner = '0:0';
  for (const word of words.filter((each) => each.startsWith('--'))) {
    const [flag, value = ''] = word.split('=');
    if (flag === '--from' && value !== '') from = value;
    else if (flag === '--chown' && /^\d+:\d+$/.test(value)) owner = value;
    else fail(sentence, `${word}: expected --from=STAGE or --chown=UID:GID`);
  }
  return { from, owner };
}

function variablesOf(sentence: Sentence): string[] {
  const words = sentence.rest.split(/\s+/);
  const odd = words.find((word) => !/^\w+=[\w./:,=-]*$/.test(word));
  if (odd !== undefined) fail(sentence, `"${odd}": expected NAME=value`);
  return words;
}

function listOf(sentence: Sentence): string[] {
  try {
    const words: unknown = JSON.parse(sentence.rest);
    if (Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string'))
      return words;
  } catch {
    // Not JSON: words for a shell, which the image lacks.
  }
  return fail(sentence, `"${sentence.rest}": expected ["program", "word"]`);
}
