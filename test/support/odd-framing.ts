import { API, CLOSES, type OddRequest, STRICT, head } from './odd-request.ts';

const ok = head('GET /readyz HTTP/1.1');
const post = (...headers: string[]): string => head('POST /readyz HTTP/1.1', ...headers);
const get = (...headers: string[]): string => head('GET /readyz HTTP/1.1', ...headers);

const SAFER = 'requests could be smuggled';

/** Pipelines, bodies, lengths, encodings, expectations and headers. */
export const ODD_FRAMING: readonly OddRequest[] = [
  // pipelining
  { name: 'two requests in one packet', send: [ok + ok], go: '200 ok, 200 ok, open' },
  {
    name: 'a list and another request in one packet',
    send: [head(`GET ${API}/pods HTTP/1.1`) + ok],
    go: '200 PodMetricsList, 200 ok, open',
  },
  {
    name: 'a request and garbage in one packet',
    send: [`${ok}garbage\r\n\r\n`],
    go: '200 ok, 400 Bad Request, end',
  },
  {
    name: 'a request and binary garbage in one packet',
    send: [`${ok}\x00\x01\xff\r\n\r\n`],
    go: '200 ok, 400 Bad Request, end',
  },
  {
    name: 'a request, then garbage',
    send: [ok, 'garbage\r\n\r\n'],
    go: '200 ok, 400 Bad Request, end',
  },
  {
    name: 'a request and one with a broken header',
    send: [`${ok}GET / HTTP/1.1\r\nHost: x\r\n: 1\r\n\r\n`],
    go: '200 ok, 400 Bad Request, end',
  },
  {
    name: 'a request and one with an unknown method',
    send: [ok + head('BREW /nope HTTP/1.1')],
    go: '200 ok, 404 paths, open',
    ours: '200 ok, 404 paths, end',
    why: CLOSES,
  },
  {
    name: 'more behind the last request',
    send: [get('Connection: close') + ok],
    go: '200 ok, end',
  },
  {
    name: 'garbage behind the last request',
    send: [`${get('Connection: close')}garbage\r\n\r\n`],
    go: '200 ok, end',
  },

  // the client ends its side
  {
    name: 'the end in the middle of a head',
    send: ['GET /readyz HTTP/1.1\r\nHost'],
    finish: true,
    go: '400 Bad Request, end',
  },
  {
    name: 'the end in the middle of a head with an unknown method',
    send: ['BREW /readyz HTTP/1.1\r\nHost'],
    finish: true,
    go: '400 Bad Request, end',
  },
  { name: 'the end at once', send: [], finish: true, go: 'end' },
  {
    name: 'the end in the middle of a body',
    send: [`${post('Content-Length: 10')}abc`],
    finish: true,
    go: '200 ok, end',
  },

  // bodies, which nobody reads
  {
    name: 'GET with a body',
    send: [`${get('Content-Length: 5')}hello${ok}`],
    go: '200 ok, 200 ok, open',
  },
  {
    name: 'GET with an empty body',
    send: [get('Content-Length: 0') + ok],
    go: '200 ok, 200 ok, open',
  },
  {
    name: 'GET with a chunked body',
    send: [`${get('Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`],
    go: '200 ok, open',
    ours: '200 ok, end',
    why: CLOSES,
  },
  {
    name: 'chunks with extensions and trailers',
    send: [`${get('Transfer-Encoding: chunked')}5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n`],
    go: '200 ok, open',
    ours: '200 ok, end',
    why: CLOSES,
  },
  {
    name: 'more bytes than the length says',
    send: [`${get('Content-Length: 2')}hello\r\n\r\n`],
    go: '200 ok, 400 Bad Request, end',
  },
  {
    name: 'a body of 200 kB',
    send: [head(`POST ${API}/nodes HTTP/1.1`, 'Content-Length: 200000'), 'x'.repeat(200_000), ok],
    go: '405 the server does not allow this method on the requested resource, 200 ok, open',
  },
  {
    name: 'a body of 300 kB',
    send: [head(`POST ${API}/nodes HTTP/1.1`, 'Content-Length: 300000'), 'x'.repeat(300_000)],
    go: '405 the server does not allow this method on the requested resource, end',
  },
  {
    name: 'a body of 2 MB',
    send: [
      head(`GET ${API}/nodes/node-1 HTTP/1.1`, 'Content-Length: 2000000') + 'x'.repeat(2_000_000),
    ],
    go: '200 NodeMetrics, end',
  },
  {
    name: 'a body that would be endless',
    send: [`${post('Content-Length: 9223372036854775807')}hello`],
    go: '200 ok, end',
  },
  {
    name: 'a chunk size that is none',
    send: [`${post('Transfer-Encoding: chunked')}zz\r\nhello\r\n`],
    go: '200 ok, end',
  },
  {
    name: 'a chunk that is longer than it says',
    send: [`${post('Transfer-Encoding: chunked')}5\r\nhelloXX\r\n`],
    go: '200 ok, end',
  },
  {
    name: 'a chunk size beyond 64 bits',
    send: [`${post('Transfer-Encoding: chunked')}fffffffffffffffff\r\nhello`],
    go: '200 ok, end',
  },

  // lengths and encodings
  {
    name: 'two equal lengths',
    send: [`${post('Content-Length: 5', 'Content-Length: 5')}hello`],
    go: '200 ok, open',
    ours: '400 Bad Request, end',
    why: SAFER,
  },
  {
    name: 'two different lengths',
    send: [`${post('Content-Length: 5', 'Content-Length: 6')}hello!`],
    go: '400 Bad Request, end',
  },
  {
    name: 'two lengths in one line',
    send: [`${post('Content-Length: 5, 5')}hello`],
    go: '400 Bad Request, end',
  },
  {
    name: 'a negative length',
    send: [`${post('Content-Length: -1')}hello`],
    go: '400 Bad Request, end',
  },
  {
    name: 'a length with a sign',
    send: [`${post('Content-Length: +5')}hello`],
    go: '400 Bad Request, end',
  },
  {
    name: 'a hexadecimal length',
    send: [`${post('Content-Length: 0x5')}hello`],
    go: '400 Bad Request, end',
  },
  { name: 'an empty length', send: [post('Content-Length: ')], go: '400 Bad Request, end' },
  {
    name: 'a length of two words',
    send: [`${post('Content-Length: 5 5')}hello`],
    go: '400 Bad Request, end',
  },
  {
    name: 'a length beyond 64 bits',
    send: [`${post('Content-Length: 99999999999999999999')}hello`],
    go: '400 Bad Request, end',
  },
  {
    name: 'a length, then chunks',
    send: [`${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    go: '200 ok, open',
    ours: '400 Bad Request, end',
    why: SAFER,
  },
  {
    name: 'chunks, then a length',
    send: [`${post('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n`],
    go: '200 ok, open',
    ours: '400 Bad Request, end',
    why: SAFER,
  },
  {
    name: 'Transfer-Encoding: gzip',
    send: [`${post('Transfer-Encoding: gzip')}hello`],
    go: '501 Unsupported transfer encoding, end',
  },
  {
    name: 'Transfer-Encoding: gzip, chunked',
    send: [`${post('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`],
    go: '501 Unsupported transfer encoding, end',
  },
  {
    name: 'Transfer-Encoding: chunked, gzip',
    send: [`${post('Transfer-Encoding: chunked, gzip')}0\r\n\r\n`],
    go: '501 Unsupported transfer encoding, end',
  },
  {
    name: 'Transfer-Encoding: identity',
    send: [`${post('Transfer-Encoding: identity')}hello`],
    go: '501 Unsupported transfer encoding, end',
  },
  {
    name: 'Transfer-Encoding twice',
    send: [`${post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    go: '501 Unsupported transfer encoding, end',
  },
  {
    name: 'Transfer-Encoding identity and chunked',
    send: [`${post('Transfer-Encoding: identity', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    go: '501 Unsupported transfer encoding, end',
  },
  {
    name: 'Transfer-Encoding with a vertical tab',
    send: [`${post('Transfer-Encoding: \x0bchunked')}0\r\n\r\n`],
    go: '400 Bad Request, end',
  },
  {
    name: 'an empty Transfer-Encoding',
    send: [post('Transfer-Encoding: ')],
    go: '501 Unsupported transfer encoding, end',
  },
  {
    name: 'a blank before the colon of Transfer-Encoding',
    send: [`${post('Transfer-Encoding : chunked')}0\r\n\r\n`],
    go: '400 Bad Request: invalid header name, end',
    ours: '400 Bad Request, end',
    why: STRICT,
  },

  // expectations and upgrades
  {
    name: 'Expect: 100-continue',
    send: [post('Expect: 100-continue', 'Content-Length: 5')],
    go: '200 ok, end',
  },
  {
    name: 'Expect: 100-continue without a body',
    send: [get('Expect: 100-continue')],
    go: '200 ok, open',
    ours: '200 ok, end',
    why: CLOSES,
  },
  { name: 'another expectation', send: [get('Expect: 200-ok')], go: '417, end' },
  { name: 'an empty expectation', send: [get('Expect: ')], go: '200 ok, open' },
  {
    name: 'an upgrade to h2c',
    send: [
      get(
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
      ),
    ],
    go: '200 ok, open',
    ours: '200 ok, end',
    why: CLOSES,
  },
  {
    name: 'an upgrade to websocket',
    send: [
      get(
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
      ),
    ],
    go: '200 ok, open',
    ours: '200 ok, end',
    why: CLOSES,
  },
  {
    name: 'an upgrade with a body',
    send: [`${post('Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5')}hello`],
    go: '200 ok, open',
    ours: '200 ok, end',
    why: CLOSES,
  },

  // Host
  {
    name: 'no Host',
    send: [get('none')],
    go: '400 Bad Request: missing required Host header, end',
  },
  {
    name: 'no Host, unknown method',
    send: [head('BREW /readyz HTTP/1.1', 'none')],
    go: '400 Bad Request: missing required Host header, end',
  },
  { name: 'no Host in HTTP/1.0', send: [head('GET /readyz HTTP/1.0', 'none')], go: '200 ok, end' },
  { name: 'an empty Host', send: [get('Host: ')], go: '200 ok, open' },
  { name: 'two equal Hosts', send: [get('Host: x', 'Host: x')], go: '400 Bad Request, end' },
  {
    name: 'two Hosts in HTTP/1.0',
    send: [head('GET /readyz HTTP/1.0', 'Host: x', 'Host: y')],
    go: '400 Bad Request, end',
  },
  ...[' ', '"', '#', '/', '<', '?', '@', '\\', '^', '`', '{', '|', '\xe9'].map((character) => ({
    name: `a Host with ${JSON.stringify(character)}`,
    send: [get(`Host: a${character}b`)],
    go: '400 Bad Request: malformed Host header, end',
  })),
  {
    name: 'a Host with all that is allowed',
    send: [get("Host: a,;!$&'()*+=:[]%~_-.")],
    go: '200 ok, open',
  },

  // header lines
  {
    name: 'a folded header',
    send: [get('X-A: 1', ' 2')],
    go: '200 ok, open',
    ours: '400 Bad Request, end',
    why: STRICT,
  },
  {
    name: 'a folded first header',
    send: ['GET /readyz HTTP/1.1\r\n X-A: 1\r\nHost: x\r\n\r\n'],
    go: '400 Bad Request, end',
  },
  {
    name: 'line feeds alone',
    send: ['GET /readyz HTTP/1.1\nHost: x\n\n'],
    go: '200 ok, open',
    ours: '400 Bad Request, end',
    why: SAFER,
  },
  {
    name: 'a line feed alone behind a header',
    send: ['GET /readyz HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n'],
    go: '200 ok, open',
    ours: '400 Bad Request, end',
    why: SAFER,
  },
  {
    name: 'a line feed alone at the end',
    send: ['GET /readyz HTTP/1.1\r\nHost: x\r\n\n'],
    go: '200 ok, open',
    ours: '400 Bad Request, end',
    why: SAFER,
  },
  { name: 'a carriage return in a value', send: [get('X-A: a\rb')], go: '400 Bad Request, end' },
  {
    name: 'two carriage returns',
    send: ['GET /readyz HTTP/1.1\r\nHost: x\r\r\n\r\n'],
    go: '400 Bad Request, end',
  },
  { name: 'a NUL in a value', send: [get('X-A: a\x00b')], go: '400 Bad Request, end' },
  { name: 'a DEL in a value', send: [get('X-A: a\x7fb')], go: '400 Bad Request, end' },
  { name: 'bytes beyond ASCII in a value', send: [get('X-A: \xff\xfe')], go: '200 ok, open' },
  { name: 'a NUL in a name', send: [get('X\x00A: a')], go: '400 Bad Request, end' },
  { name: 'an empty name', send: [get(': a')], go: '400 Bad Request, end' },
  { name: 'no colon', send: [get('nocolon')], go: '400 Bad Request, end' },
  {
    name: 'a blank before the colon',
    send: [get('X-A : a')],
    go: '400 Bad Request: invalid header name, end',
    ours: '400 Bad Request, end',
    why: STRICT,
  },
  {
    name: 'a blank in a name',
    send: [get('X A: a')],
    go: '400 Bad Request: invalid header name, end',
    ours: '400 Bad Request, end',
    why: STRICT,
  },
  { name: 'a parenthesis in a name', send: [get('X(A: a')], go: '400 Bad Request, end' },
  { name: 'an empty value', send: [get('X-A:')], go: '200 ok, open' },
  {
    name: 'an empty line in front',
    send: [`\r\n${ok}`],
    go: '400 Bad Request, end',
    ours: '200 ok, open',
    why: 'RFC 9112 2.2',
  },
  { name: 'a blank in front', send: [` ${ok}`], go: '400 Bad Request, end' },
];
