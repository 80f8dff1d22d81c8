import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

const LOG = /(?:^|\.)log$/;
const MOST_BYTES = 64 * 1024;
const MOST_LINES = 15;
const MOST_COLUMNS = 400;

/** The sizes of logs at a moment, by path. */
export type LogsMark = ReadonlyMap<string, number>;

/** The logs below a folder, whoever writes them: files called `log` or `SOMETHING.log`. */
export class Logs {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A moment, for `since`. */
  mark(): Promise<LogsMark> {
    return this.sizesNow();
  }

  /** The last lines that each log got since the moment, under its name; '' when none got any. */
  async since(mark: LogsMark): Promise<string> {
    const texts = [];
    for (const [path, size] of await this.sizesNow()) {
      const known = mark.get(path) ?? 0;
      // A log that became shorter was begun anew.
      const from = size < known ? 0 : known;
      const lines = size === from ? undefined : await unlessGone(lastLines(path, from, size));
      if (lines !== undefined) texts.push(`-- ${relative(this.folder, path)}\n${lines}`);
    }
    return texts.join('\n');
  }

  private async sizesNow(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    for (const path of await logsBelow(this.folder)) {
      const found = await unlessGone(stat(path));
      if (found) sizes.set(path, found.size);
    }
    return sizes;
  }
}

async function logsBelow(folder: string): Promise<string[]> {
  const entries: Dirent[] = (await unlessGone(readdir(folder, { withFileTypes: true }))) ?? [];
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return logsBelow(path);
      return entry.isFile() && LOG.test(entry.name) ? [path] : [];
    }),
  );
  return found.flat();
}

/** Folders and files come and go while we look: etcd's, and those of a test that ends. */
async function unlessGone<Result>(looking: Promise<Result>): Promise<Result | undefined> {
  try {
    return await looking;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function lastLines(path: string, from: number, to: number): Promise<string> {
  await using file = await open(path);
  const start = Math.max(from, to - MOST_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - start), 0, to - start, start);
  const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n');
  return lines
    .slice(-MOST_LINES)
    .map((line) => (line.length > MOST_COLUMNS ? `${line.slice(0, MOST_COLUMNS)} ...` : line))
    .join('\n');
}
