import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { ProtobufWriter, utf8Bytes, varint } from '../../../src/apimachinery/protobuf-writer.ts';

function hex(writer: ProtobufWriter): string {
  return writer.finish().toString('hex');
}

describe('varint', () => {
  test.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 32, '8080808010'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f'],
    [2n ** 63n - 1n, 'ffffffffffffffff7f'],
    [-1, 'ffffffffffffffffff01'],
    [-(2n ** 63n), '80808080808080808001'],
  ])('writes %s', (value, expected) => {
    expect(Buffer.from(varint(value), 'latin1').toString('hex')).toBe(expected);
  });

  test.each([0.5, 1e3 + 0.1, Number.NaN, Number.POSITIVE_INFINITY, -0.5])('refuses %s', (value) => {
    expect(() => varint(value)).toThrow(RangeError);
  });

  test('writes any number as protobufjs does', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const theirs = protobuf.Writer.create().int64(value).finish();
        expect(varint(value)).toBe(Buffer.from(theirs).toString('latin1'));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('utf8Bytes', () => {
  test.each(['', 'web-0', 'é', '日本', '😀', '\u0080', '\x7f\0'])('are those of %j', (text) => {
    expect(Buffer.from(utf8Bytes(text), 'latin1')).toEqual(Buffer.from(text, 'utf8'));
  });

  test('of a lone surrogate are those of U+FFFD', () => {
    expect(Buffer.from(utf8Bytes('\ud800'), 'latin1').toString('hex')).toBe('efbfbd');
  });
});

describe('ProtobufWriter', () => {
  test('writes fields whatever their value', () => {
    const writer = new ProtobufWriter()
      .string(1, '')
      .integer(2, 0)
      .boolean(3, false)
      .message(4, new ProtobufWriter());

    expect(hex(writer)).toBe('0a00' + '1000' + '1800' + '2200');
    expect(writer.length).toBe(8);
  });

  test('writes numbers of fields beyond 15 in two bytes', () => {
    expect(hex(new ProtobufWriter().string(16, 'a'))).toBe('820101' + '61');
  });

  test('counts bytes and not characters, at each depth', () => {
    const inner = new ProtobufWriter().string(1, '日'.repeat(50));

    expect(hex(new ProtobufWriter().message(1, inner))).toBe(
      '0a9901' + '0a9601' + 'e697a5'.repeat(50),
    );
  });

  test('appends what was kept', () => {
    const kept = new ProtobufWriter().string(2, 'é').toBinary();

    expect(hex(new ProtobufWriter().integer(1, 1).append(kept))).toBe('0801' + '1202c3a9');
  });

  test('writes what protobufjs reads', () => {
    const field = fc.record({ text: fc.string({ unit: 'binary' }), number: fc.maxSafeInteger() });
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const writer = new ProtobufWriter();
        for (const { text, number } of fields) writer.string(1, text).integer(2, number);
        const reader = protobuf.Reader.create(writer.finish());
        const read = fields.map(() => {
          const textTag = reader.uint32();
          const text = reader.string();
          const numberTag = reader.uint32();
          return { tags: [textTag, numberTag], text, number: Number(reader.int64()) };
        });
        expect(read).toEqual(
          fields.map(({ text, number }) => ({ tags: [10, 16], text: text.toWellFormed(), number })),
        );
        expect(reader.pos).toBe(reader.len);
      }),
      { numRuns: 500 },
    );
  });
});
