import { type Address, type Answer, type Question, ask } from './ask.ts';
import { OWN_EXCHANGES, readExchanges } from './exchanges.ts';
import { type Secrets, identityOf } from './identities.ts';
import { joinedHeaders } from './side.ts';

const HASH = /[0-9A-F]{128}/;
const HASHED_PATH = /"([^"]+)\?hash=([0-9A-F]{128})"/g;
/** Documents that tell their version by an ETag, and the index that tells those of others. */
const INDEX = '/openapi/v3';
const TAGGED = ['/openapi/v2', INDEX];

/**
 * Versions of documents (`?hash=`, `If-None-Match`) follow the server's own documents: who asked the real
 * server for a certain version is translated to the version that the same document has here.
 */
export class OwnDocuments {
  readonly #ownByRecorded: ReadonlyMap<string, string>;

  private constructor(ownByRecorded: ReadonlyMap<string, string>) {
    this.#ownByRecorded = ownByRecorded;
  }

  static async of({
    address,
    secrets,
  }: {
    address: Address;
    secrets: Secrets;
  }): Promise<OwnDocuments> {
    const recorded = recordedVersions();
    const own = new Map<string, string>();
    for (const path of TAGGED) {
      const answer = await ask(address, questionFor(path, secrets));
      for (const [document, version] of versionsIn(path, answer)) own.set(document, version);
    }
    const pairs = [...recorded].flatMap(([path, version]) => {
      const ours = own.get(path);
      return ours === undefined ? [] : [[version, ours] as const];
    });
    return new OwnDocuments(new Map(pairs));
  }

  translate(question: Question): Question {
    const translated = (text: string): string => {
      const [version] = HASH.exec(text) ?? [];
      const own = version === undefined ? undefined : this.#ownByRecorded.get(version);
      return version === undefined || own === undefined ? text : text.replace(version, own);
    };
    const headers = question.headers.map(([name, value]) => [name, translated(value)] as const);
    return { ...question, path: translated(question.path), headers };
  }
}

function questionFor(path: string, secrets: Secrets): Question {
  return {
    method: 'GET',
    path,
    headers: [
      ['Host', 'metrics-server'],
      ['Accept', 'application/json'],
      ['Connection', 'close'],
    ],
    body: undefined,
    certificate: identityOf('admin', secrets).certificate,
  };
}

function recordedVersions(): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const { path, response } of readExchanges(OWN_EXCHANGES)) {
    if (!TAGGED.includes(path) || response.status !== 200) continue;
    const answer = { headers: [...response.headers], body: response.body ?? Buffer.alloc(0) };
    for (const [document, version] of versionsIn(path, answer)) versions.set(document, version);
  }
  return versions;
}

/** The version of the document itself, and those of others that it tells. */
function versionsIn(
  path: string,
  { headers, body }: Pick<Answer, 'headers' | 'body'>,
): (readonly [path: string, version: string])[] {
  const [version] = HASH.exec(joinedHeaders(headers).get('etag') ?? '') ?? [];
  const others = path === INDEX ? String(body).matchAll(HASHED_PATH) : [];
  return [
    ...(version === undefined ? [] : [[path, version] as const]),
    ...[...others].map(([, other = '', hash = '']) => [other, hash] as const),
  ];
}
