import { describe, expect, test } from '@jest/globals';
import { decodeReview } from '../../../src/simulator/review-protobuf.ts';

/** A length-delimited field of protobuf. */
function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function envelope(kind: string, raw: Buffer): Buffer {
  const typeMeta = Buffer.concat([field(1, 'authorization.k8s.io/v1'), field(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, typeMeta), field(2, raw)]);
}

describe('decodeReview', () => {
  test('reads the attributes of a question about a resource', () => {
    const attributes = Buffer.concat([
      field(1, 'shop'),
      field(2, 'list'),
      field(3, 'metrics.k8s.io'),
      field(5, 'pods'),
    ]);
    const spec = Buffer.concat([
      field(1, attributes),
      field(3, 'jane'),
      field(4, 'a'),
      field(4, 'b'),
      field(
        5,
        Buffer.concat([
          field(1, 'scopes'),
          field(2, Buffer.concat([field(1, 'x'), field(1, 'y')])),
        ]),
      ),
    ]);

    expect(decodeReview(envelope('SubjectAccessReview', field(2, spec)))).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        resourceAttributes: {
          namespace: 'shop',
          verb: 'list',
          group: 'metrics.k8s.io',
          resource: 'pods',
        },
        user: 'jane',
        groups: ['a', 'b'],
        extra: { scopes: ['x', 'y'] },
      },
    });
  });

  test('reads a number and passes over what it does not know', () => {
    const seconds = Buffer.from([4 << 3, 0x90, 0x1c]);
    const raw = field(2, Buffer.concat([field(9, 'unknown'), seconds]));

    expect(decodeReview(envelope('TokenRequest', raw))).toMatchObject({
      spec: { expirationSeconds: 3600 },
    });
  });

  test.each([
    ['JSON', Buffer.from('{"kind":"TokenReview"}'), /expected the prefix/],
    ['another kind', envelope('Secret', Buffer.alloc(0)), /unexpected kind "Secret"/],
    [
      'a cut message',
      Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0a, 0x20, 0x01])]),
      /middle of a field/,
    ],
    [
      'a cut number',
      Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x8a])]),
      /middle of a number/,
    ],
    ['a group', Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0b])]), /wire type 3/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeReview(bytes)).toThrow(message);
  });
});
