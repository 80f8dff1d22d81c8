import fc from 'fast-check';

/** A header line; every character of name and value one byte. */
export type Line = readonly [name: string, value: string];

/** The same name in the ways in which it may arrive. */
function spelt(name: string): fc.Arbitrary<string> {
  return fc.constantFrom(name, name, name.toLowerCase(), name.toUpperCase());
}

const values = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...['viewer', 'nobody', 'system:anonymous', 'a,b', 'CN=x,O=y', 'system:authenticated'],
      ...['system:unauthenticated', 'system:masters', '42', 'x y', 'constructor'],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        '',
        ' ',
        '%41',
        '"q"',
        '\xc3\xa9',
        '\xff',
        '\xe2\x82',
        '__proto__',
        'a\tb',
        'x'.repeat(900),
      ],
    ),
  },
);
const keys = fc.constantFrom(
  ...['scopes', 'Scopes', 'authentication.kubernetes.io%2Fpod-name', 'a%2fb', '%41', 'bad%zz', '%'],
  ...['bad%', '%c3%a9', '%ff', '', '__proto__', 'constructor', "a'b", '%25', 'a%20b', 'x|y'],
);

function linesOf(prefix: string): fc.Arbitrary<Line> {
  const plain = fc.tuple(
    fc.constantFrom(`${prefix}-User`, `${prefix}-Uid`, `${prefix}-Group`).chain(spelt),
    values,
  );
  const extra = fc
    .tuple(spelt(`${prefix}-Extra-`), keys, values)
    .map(([start, key, value]): Line => [start + key, value]);
  return fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: extra });
}

/** Header lines that name a user, mostly with a name among them, in any order and number. */
function identities(prefix: string): fc.Arbitrary<Line[]> {
  const named = fc.tuple(spelt(`${prefix}-User`), values);
  return fc
    .tuple(fc.option(named, { freq: 4 }), fc.array(linesOf(prefix), { maxLength: 5 }), fc.nat())
    .map(([first, others, at]) =>
      first ? others.toSpliced(at % (others.length + 1), 0, first) : others,
    );
}

/** What the front proxy writes, and what it would never write. */
export const remoteIdentities = identities('X-Remote');

/** What a client writes that wants to act as somebody else. */
export const wantedIdentities = identities('Impersonate');
