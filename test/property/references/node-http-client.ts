import { type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';

/** What Node's own client makes of an answer. */
export interface NodeReading {
  readonly code: number;
  readonly text: string;
  readonly contentType: string;
  readonly body: string;
}

/** Node's reading of the bytes, a character a byte, after which the connection ends; undefined when it refuses them. */
export function readByNode(bytes: string): Promise<NodeReading | undefined> {
  return new Promise((resolve) => {
    const connection = new Duplex({
      read: () => undefined,
      write(_chunk, _encoding, done) {
        done();
        this.push(Buffer.from(bytes, 'latin1'));
        this.push(null);
      },
    });
    const refuse = (): void => {
      resolve(undefined);
    };
    const sent = request({ createConnection: () => connection, host: 'x' }, (response) => {
      void bodyOf(response).then((body) => {
        resolve(body === undefined ? undefined : readingOf(response, body));
      });
    });
    sent.on('error', refuse).on('upgrade', refuse);
    sent.end();
  });
}

/** Undefined when it breaks off. */
async function bodyOf(response: IncomingMessage): Promise<string | undefined> {
  let body = '';
  try {
    for await (const chunk of response) body += (chunk as Buffer).toString('latin1');
  } catch {
    return undefined; // refused, or cut off: that is what is asked
  }
  return response.complete ? body : undefined;
}

function readingOf(response: IncomingMessage, body: string): NodeReading {
  const { statusCode: code = 0, statusMessage: text = '', headers } = response;
  const [contentType = ''] = (headers['content-type'] ?? '').split(';');
  return { code, text, contentType: contentType.trim().toLowerCase(), body };
}
