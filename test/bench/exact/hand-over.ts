// How the recorder's answers come from the cluster's process into the bench's: by plain HTTP on loopback.
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { AnswerRecorder, HandOver } from './recorder.ts';

/** Hands over what the recorder has, to whoever asks for `/N`: the entries from number N on. To be closed. */
export async function serveHandOver(
  recorder: AnswerRecorder,
): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer((request, response) => {
    try {
      const body = JSON.stringify(recorder.handOver(Number(request.url?.slice(1))));
      response.setHeader('Content-Type', 'application/json').end(body);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Rejects with what the recorder's side says when it cannot. */
export async function fetchHandOver(port: number, from: number): Promise<HandOver> {
  const [response] = (await once(
    get({ host: '127.0.0.1', port, path: `/${from}`, agent: false }),
    'response',
  )) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(body);
  return JSON.parse(body) as HandOver;
}
