import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** More places than the program has calls to its log. */
const MAX_KNOWN = 1000;

/**
 * Says where the sources have what runs from a bundle, whose places lie beside it (`main.js.places`, made by
 * scripts/bundle/places.ts). Node could do so itself from source maps (--enable-source-maps), and would keep the maps in memory;
 * this reads the file again for each place that is asked for first, and never so much of it by itself that V8 would
 * set its optimizing compilers on it: a server at rest gets by without them (docs/adr/0013). What runs from the sources as they are is left as it is.
 */
export class SourcePlaces {
  private readonly known = new Map<string, string>();
  private readonly folder: string;

  /** @param folder of the bundle; a place elsewhere is left as it is */
  constructor(folder: string = import.meta.dirname) {
    this.folder = folder;
  }

  /** `src/server.ts:53` for `file:///app/dist/main.js:7:6534`; the same again where there is no map. */
  of(place: string): string {
    const known = this.known.get(place);
    if (known !== undefined) return known;
    const [, url, line, column] = /^(.+\.js):(\d+):(\d+)$/.exec(place) ?? [];
    if (url === undefined) return place;
    const file = url.startsWith('file:') ? fileURLToPath(url) : url;
    if (dirname(file) !== this.folder) return place;
    const found = lookUp(file, Number(line) - 1, Number(column) - 1) ?? place;
    if (this.known.size < MAX_KNOWN) this.known.set(place, found);
    return found;
  }

  /** The same for each line of a stack trace. */
  inStack(stack: string): string {
    return stack.replaceAll(/(?:file:\/\/)?\/[^\s()]+\.js:\d+:\d+/g, (place) => this.of(place));
  }
}

/** The file has a line for each of the bundle's: `COLUMN:SOURCE:LINE,...`, after one with the names of the sources. */
function lookUp(file: string, line: number, column: number): string | undefined {
  const [names = '[]', ...lines] = textOf(`${file}.places`).split('\n');
  const places = lines[line]?.split(',').map((place) => place.split(':').map(Number)) ?? [];
  const [, source = -1, sourceLine] = places.findLast(([start = 0]) => start <= column) ?? [];
  const name = (JSON.parse(names) as string[])[source];
  return name === undefined ? undefined : `${name}:${sourceLine ?? 0}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Gone or unreadable: a line of the log must be written all the same, and says the bundle's own place.
    return '[]';
  }
}
