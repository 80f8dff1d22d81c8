import type { ConnectionOptions } from 'node:tls';
import type { OddRequest } from './odd-request.ts';
import { RawConnection, type RawResponse } from './raw-connection.ts';

/**
 * Says what is odd, and tells in a line what came back: every response, and `open` if the connection serves another
 * request afterwards, `end` if the server has ended it. `responses` is how many to wait for before that is tried.
 */
export async function talk(
  port: number,
  { send, finish }: OddRequest,
  responses: number,
  identity: ConnectionOptions,
): Promise<string> {
  using connection = await RawConnection.open(port, identity);
  for (const [at, piece] of send.entries()) {
    await connection.send(piece);
    if (at < send.length - 1) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (finish) connection.finish();
  const told: string[] = [];
  for (let at = 0; at < responses; at++) {
    const response = await connection.next();
    if (!response) return [...told, 'end'].join(', ');
    told.push(wordsOf(response));
  }
  if (!finish) await connection.send('GET /livez HTTP/1.1\r\nHost: after\r\n\r\n');
  const after = await connection.next();
  if (!after) return [...told, 'end'].join(', ');
  return [...told, wordsOf(after) === '200 ok' ? 'open' : wordsOf(after)].join(', ');
}

function wordsOf({ code, reason, body }: RawResponse): string {
  if (body === `${code} ${reason}`) return body;
  return `${code} ${summaryOf(body)}`.trim();
}

function summaryOf(body: string): string {
  if (!body.startsWith('{')) return body.trim();
  const { kind, message, paths } = JSON.parse(body) as Record<string, unknown>;
  if (paths !== undefined) return 'paths';
  return String(kind === 'Status' ? message : kind);
}
