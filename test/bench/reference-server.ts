// What the machine can do at best: a plain node:https server that answers `/N` with N bytes. Takes its port
// as an argument, and ends with its standard input.
import { createServer } from 'node:https';
import process from 'node:process';
import { createCertificateAuthority } from '../../src/pki/certificate.ts';

const [, , port = ''] = process.argv;
const { certPem, keyPem } = createCertificateAuthority({
  commonName: 'reference',
  nowMs: Date.now(),
}).issue({ commonName: 'reference', ipAddresses: ['127.0.0.1'], usages: ['serverAuth'] });
const bodies = new Map<number, Buffer>();

function bodyOf(bytes: number): Buffer {
  const known = bodies.get(bytes) ?? Buffer.alloc(bytes, 'x');
  bodies.set(bytes, known);
  return known;
}

const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(bodyOf(Number(request.url?.slice(1))));
});
server.listen(Number(port), '127.0.0.1', () => {
  process.stdout.write('listening\n');
});
process.stdin.on('end', () => {
  server.close();
  server.closeAllConnections();
});
process.stdin.resume();
