import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls';
import { systemClock } from '../../../src/clock.ts';
import {
  type SecureServer,
  type SecureServerParts,
  type SecureServingSettings,
  createSecureServer,
} from '../../../src/apiserver/secure-serving.ts';
import { createCertificateAuthority } from '../../../src/pki/certificate.ts';
import { LogRecorder } from '../../support/log-recorder.ts';

export const servingCa = createCertificateAuthority({ commonName: 'serving', nowMs: Date.now() });

export const SETTINGS: SecureServingSettings = {
  bindAddress: '127.0.0.1',
  port: 0,
  certDir: '/nonexistent',
  certFile: '',
  keyFile: '',
  sniCertificates: [],
  minTlsVersion: 'TLSv1.2',
  ciphers: [],
  curves: [],
  requestTimeoutMs: 60_000,
  maxRequestsInFlight: 400,
  maxMutatingRequestsInFlight: 200,
};

/** A folder of its own for one test. */
export class Scratch implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'serving-'));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export interface Listening extends AsyncDisposable {
  readonly server: SecureServer;
  readonly port: number;
  readonly log: LogRecorder;
}

const pair = servingCa.issue({
  commonName: 'metrics-server',
  dnsNames: ['localhost'],
  ipAddresses: ['127.0.0.1'],
  usages: ['serverAuth'],
  key: 'rsa',
});

/** The listener under test on a free port of 127.0.0.1, with a certificate in files unless told otherwise. */
export async function listen(
  handler: RequestListener,
  settings: Partial<SecureServingSettings> = {},
  parts: Partial<SecureServerParts> = {},
): Promise<Listening> {
  const scratch = new Scratch();
  const log = new LogRecorder();
  const files = { certFile: scratch.file('tls.crt'), keyFile: scratch.file('tls.key') };
  writeFileSync(files.certFile, pair.certPem);
  writeFileSync(files.keyFile, pair.keyPem);
  const serving = { ...SETTINGS, certDir: scratch.path, ...files, ...settings };
  const server = createSecureServer({ serving, handler, clock: systemClock, log, ...parts });
  const { port } = await server.listen();
  return {
    server,
    port,
    log,
    async [Symbol.asyncDispose]() {
      await server.close();
      scratch[Symbol.dispose]();
    },
  };
}

/** A connection after its handshake. */
export async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject);
  });
  return socket;
}

/** Sends bytes over TLS and gives all that comes back until the other side closes. */
export async function exchange(port: number, bytes: string, options?: ConnectionOptions) {
  const socket = await handshake(port, options);
  return received(socket, bytes);
}

export function exchangePlain(port: number, bytes: string): Promise<string> {
  return received(connectPlain(port, '127.0.0.1'), bytes);
}

function received(socket: NodeJS.ReadWriteStream & NodeJS.EventEmitter, bytes: string) {
  let text = '';
  return new Promise<string>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {
      resolve(text);
    });
    socket.on('close', () => {
      resolve(text);
    });
    socket.write(bytes);
  });
}

export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** One request on a connection of its own. */
export function get(
  port: number,
  options: { cert?: string; key?: string; path?: string; headers?: string[] } = {},
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  request({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false, ...options })
    .on('error', reject)
    .on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
      });
    })
    .end();
  return promise;
}
