import { FLAG_GROUPS } from './flags.ts';
import type { Flag } from './flag-kinds.ts';

const COLUMNS = 100;
const INDENT = ' '.repeat(16);

/** The answer to --help: upstream's frame, so that scripts which look for a flag find it, with our own words. */
export function helpText(): string {
  const groups = FLAG_GROUPS.map(({ title, flags }) => {
    const rows = [...flags].map(([name, flag]) => `${spelling(name, flag)}\n${described(flag)}\n`);
    return `\n${title} flags:\n\n${rows.join('')}`;
  });
  return `Launch metrics-server\n\nUsage:\n   [flags]\n${groups.join('')}`;
}

function spelling(name: string, { shorthand, type }: Flag<unknown>): string {
  const short = shorthand === undefined ? '    ' : `-${shorthand}, `;
  return `  ${short}--${name}${type === '' ? '' : ` ${type}`}`;
}

function described(flag: Flag<unknown>): string {
  const sentences = [flag.help];
  if (flag.ignored) sentences.push(`Has no effect: ${flag.ignored.because}.`);
  if (flag.defaultText !== '') sentences.push(`(default ${flag.defaultText})`);
  return wrapped(sentences.join(' '));
}

function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (INDENT.length + line.length + 1 + word.length <= COLUMNS) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines.map((line) => INDENT + line).join('\n');
}

/** docs/flags.md: the same table for reading. */
export function flagsMarkdown(): string {
  const groups = FLAG_GROUPS.map(({ title, flags }) => {
    const rows = [...flags].map(([name, flag]) => markdownRow(name, flag)).join('');
    return `\n## ${title}\n\n| flag | value | default | meaning |\n| --- | --- | --- | --- |\n${rows}`;
  });
  return `${MARKDOWN_HEAD}${groups.join('')}`;
}

const MARKDOWN_HEAD = `# Flags

Printed from the table in \`src/config/\`; \`npm run update\` prints it again.

Every flag of upstream's server is accepted, under its name and with its type and default, except that
\`--metric-resolution\` is 15 seconds. Switches are turned off by \`--flag=false\`. Durations are written as \`15s\`,
\`1m30s\` or \`500ms\`. Lists take commas and repetition; the first use replaces the default.
`;

function markdownRow(name: string, flag: Flag<unknown>): string {
  const names = flag.shorthand === undefined ? [name] : [name, flag.shorthand];
  const flags = names.map((word, at) => `\`${at === 0 ? '--' : '-'}${word}\``).join(', ');
  const value = flag.type === '' ? 'switch' : flag.type;
  const shown = flag.defaultText === '' ? '' : `\`${flag.defaultText}\``;
  const note = flag.ignored ? ` *Has no effect: ${flag.ignored.because}.*` : '';
  return `| ${flags} | ${value} | ${shown} | ${cell(flag.help)}${note} |\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*');
}
