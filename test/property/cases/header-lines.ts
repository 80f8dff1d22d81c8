import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';
import { acceptHeaders } from './accept-headers.ts';
import { authorizationHeaders } from './authorization-headers.ts';
import { durations } from './durations.ts';
import { remoteIdentities, wantedIdentities } from './identity-headers.ts';
import type { Line } from './identity-headers.ts';

/** Entity tags, with the place of a true one marked. */
export const TRUE_TAG = '"TRUE"';
const tags = mutated(
  fc
    .array(fc.constantFrom(TRUE_TAG, `W/${TRUE_TAG}`, '"x"', 'W/"y"', '*', '""', 'abc'), {
      maxLength: 4,
    })
    .map((all) => all.join(', ')),
  ['"', ',', 'W/', '*', ' ', '\t', '\\', '\xff', '""'],
  2,
);
const dates = fc.constantFrom(
  ...['Sat, 21 Nov 2026 02:12:50 GMT', 'Saturday, 21-Nov-26 02:12:50 GMT', 'yesterday', ''],
  ...['Sat Nov 21 02:12:50 2026', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT'],
  'Sat, 21 Nov 2026 02:12:50 +0200',
);
const ranges = mutated(
  fc
    .array(
      fc
        .tuple(fc.constantFrom('', '0', '1', '5', '99999', '9'.repeat(20)), fc.nat(2000))
        .chain(([from, to]) => fc.constantFrom(`${from}-${to}`, `${from}-`, `-${to}`)),
      { maxLength: 5 },
    )
    .map((all) => `bytes=${all.join(',')}`),
  ['-', ',', '=', ' ', 'bytes=', 'items=', '0', '9', 'x', '+1'],
  3,
);

function line(name: string, values: fc.Arbitrary<string>): fc.Arbitrary<Line[]> {
  return values.map((value) => [[name, value]]);
}

const encodings = fc.constantFrom('gzip', 'gzip;q=0', 'br, gzip', '*', 'identity', '', 'deflate,,');
const agents = fc.constantFrom(
  'curl/8',
  'Wget',
  'Mozilla/5.0 (X11)',
  'kubectl',
  '',
  '\xff',
  'curl',
);
const types = fc.constantFrom(
  ...['application/json', 'application/yaml', 'text/plain', '', 'application/json; charset=x'],
  ...['*/*', 'application/x-www-form-urlencoded', '\x80', 'multipart/form-data; boundary=x'],
);
const ids = fc.constantFrom('', 'abc', '\xc3\xa9', 'x'.repeat(2000), 'a\tb', '"', 'a, b');

/** Conditions and ranges, for documents that have a tag and a date. */
export const conditions = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: line('If-None-Match', tags) },
      { weight: 3, arbitrary: line('Range', ranges) },
      { weight: 1, arbitrary: line('If-Match', tags) },
      { weight: 1, arbitrary: line('If-Range', fc.oneof(tags, dates)) },
      { weight: 1, arbitrary: line('If-Modified-Since', dates) },
      { weight: 1, arbitrary: line('If-Unmodified-Since', dates) },
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) => all.flat());

/** Everything that a header may say to us, and some that mean nothing; framing and connections apart. */
const lines: fc.Arbitrary<Line[]> = fc.oneof(
  line('Accept', acceptHeaders),
  line('Authorization', authorizationHeaders),
  line('If-None-Match', tags),
  line('If-Match', tags),
  line('If-Modified-Since', dates),
  line('If-Unmodified-Since', dates),
  line('If-Range', fc.oneof(tags, dates)),
  line('Range', ranges),
  line('Accept-Encoding', encodings),
  line('User-Agent', agents),
  line('Content-Type', types),
  line('Audit-ID', ids),
  line('Origin', fc.constantFrom('https://a.example', 'null', '', 'x')),
  line('Access-Control-Request-Method', fc.constantFrom('GET', '')),
  line('X-HTTP-Method-Override', fc.constantFrom('DELETE', 'GET')),
  line('Traceparent', fc.constantFrom('00-x', '')),
  line('Date', dates),
  remoteIdentities,
  wantedIdentities,
);

/** Up to six of them, some given twice. */
export const headerLines = fc.array(lines, { maxLength: 6 }).map((all) => all.flat());

/** A body, framed by its length or in chunks; undefined for none. */
export const bodies = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.record({
      text: fc.constantFrom(
        '',
        '{}',
        '{"kind":',
        'a'.repeat(5000),
        '\0\xff',
        'GET / HTTP/1.1\r\n\r\n',
      ),
      isChunked: fc.boolean(),
    }),
  },
);

/** Parameters that every request may have. */
export const commonParameters = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: durations.map((text) => `timeout=${encodeURIComponent(text)}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['pretty=1', 'pretty=0', 'pretty', 'pretty=x', 'export=1', 'export', 'verbose'],
      ...['exclude=ping', 'exclude=nope&verbose', 'includeObject=None', 'includeObject=Object'],
      ...['includeObject=x', 'hash=x', 'hash=', 'timeout=1ns', 'timeout=-1s', 'timeout=0'],
    ),
  },
);
