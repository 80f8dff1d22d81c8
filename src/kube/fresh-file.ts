import { X509Certificate } from 'node:crypto';
import type { CredentialsEnvironment } from './kube-credentials.ts';
import { messageOf } from './message-of.ts';

/** As client-go: tokens of service accounts are renewed well before they end, so a minute late is early. */
const MAX_AGE_MS = 60_000;

/**
 * The content of a file that someone else replaces now and then. It is read again when it is older than
 * a minute or has been called stale. When that fails, the last good content stays, and the log says so once.
 */
export class FreshFile<Content> {
  private readonly path: string;
  private readonly parse: (text: string) => Content;
  private readonly environment: CredentialsEnvironment;
  private content: Content;
  private readAtMs: number;
  private reading: Promise<void> | undefined;
  private failing = false;

  private constructor(
    path: string,
    parse: (text: string) => Content,
    environment: CredentialsEnvironment,
    content: Content,
  ) {
    this.path = path;
    this.parse = parse;
    this.environment = environment;
    this.content = content;
    this.readAtMs = environment.clock.monotonicMs();
  }

  /** @throws Error that names the file and what was expected, when the first reading fails. */
  static async read<Content>(
    path: string,
    parse: (text: string) => Content,
    environment: CredentialsEnvironment,
  ): Promise<FreshFile<Content>> {
    return new FreshFile(path, parse, environment, await readContent(path, parse, environment));
  }

  /** What was read last. */
  get last(): Content {
    return this.content;
  }

  expire(): void {
    this.readAtMs = -Infinity;
  }

  async fresh(): Promise<Content> {
    if (this.environment.clock.monotonicMs() - this.readAtMs >= MAX_AGE_MS) {
      this.reading ??= this.readAgain();
      await this.reading;
    }
    return this.content;
  }

  private async readAgain(): Promise<void> {
    const { path, parse, environment } = this;
    try {
      this.content = await readContent(path, parse, environment);
      this.failing = false;
    } catch (err) {
      if (!this.failing) {
        environment.log.warn(
          { err, file: path },
          'Could not read credentials again, kept the last',
        );
      }
      this.failing = true;
    } finally {
      this.readAtMs = environment.clock.monotonicMs();
      this.reading = undefined;
    }
  }
}

async function readContent<Content>(
  path: string,
  parse: (text: string) => Content,
  environment: CredentialsEnvironment,
): Promise<Content> {
  const text = await environment.readFile(path);
  try {
    return parse(text);
  } catch (cause) {
    throw new Error(`Cannot use ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** @throws Error when there is none, or something that no header can carry. */
export function parseToken(text: string): string {
  const token = text.trim();
  if (token === '') throw new Error('expected a bearer token, got nothing');
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Error('expected a bearer token, got spaces or bytes that are not ASCII inside');
  }
  return token;
}

/** @throws Error when the text is not PEM of the given kinds. */
function parsePem(text: string, label: RegExp, expected: string): string {
  if (!label.test(text)) throw new Error(`expected ${expected}, got no such block`);
  return text;
}

/** As Go, one certificate that can be read is enough: OpenSSL passes over the others, and says nothing about none. */
export function parseCertificates(text: string): string {
  const pem = parsePem(text, /-----BEGIN (TRUSTED )?CERTIFICATE-----/, 'certificates as PEM');
  const blocks = pem.match(CERTIFICATE_BLOCKS) ?? [];
  if (blocks.length > 0 && !blocks.some(isReadable)) {
    throw new Error('expected certificates as PEM, got blocks that cannot be read');
  }
  return pem;
}

const CERTIFICATE_BLOCKS = /-----BEGIN CERTIFICATE-----.*?(?:-----END CERTIFICATE-----|$)/gs;

function isReadable(block: string): boolean {
  try {
    return new X509Certificate(block).raw.length > 0;
  } catch {
    return false; // the caller says what that means
  }
}

export function parsePrivateKey(text: string): string {
  return parsePem(text, /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/, 'a private key as PEM');
}
