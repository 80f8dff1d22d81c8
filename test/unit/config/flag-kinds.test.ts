import { describe, expect, test } from '@jest/globals';
import {
  byteCount,
  certificateFiles,
  duration,
  float,
  int32s,
  integer,
  ip,
  level,
} from '../../../src/config/flag-kinds.ts';

describe('integer', () => {
  test.each([
    ['10', 10],
    ['-5', -5],
    ['+5', 5],
    ['0x1F', 31],
    ['0b101', 5],
    ['0o17', 15],
    ['017', 15],
    ['1_000', 1000],
    ['0', 0],
    ['-0x10', -16],
  ])('reads %s as Go does', (text, value) => {
    expect(integer(0, '').read(text, undefined)).toBe(value);
  });

  test.each([
    ['', 'strconv.ParseInt: parsing "": invalid syntax'],
    ['1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['08', 'strconv.ParseInt: parsing "08": invalid syntax'],
    ['1__0', 'strconv.ParseInt: parsing "1__0": invalid syntax'],
    [' 1', 'strconv.ParseInt: parsing " 1": invalid syntax'],
    ['9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
  ])('refuses %j', (text, message) => {
    expect(() => integer(0, '').read(text, undefined)).toThrow(new SyntaxError(message));
  });
});

describe('level', () => {
  test.each([
    ['-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
    ['2147483648', 'strconv.ParseUint: parsing "2147483648": value out of range'],
  ])('refuses %j', (text, message) => {
    expect(() => level('').read(text, undefined)).toThrow(new SyntaxError(message));
  });
});

describe('float', () => {
  test.each([
    ['0.02', 0.02],
    ['.5', 0.5],
    ['1e-3', 0.001],
    ['-1', -1],
    ['1_000.5', 1000.5],
    ['0x1.8p-3', 0.1875],
    ['-0x10P2', -64],
    ['-inf', -Infinity],
    ['Infinity', Infinity],
    ['NaN', NaN],
  ])('reads %s', (text, value) => {
    expect(float(0, '').read(text, undefined)).toBe(value);
  });

  test.each([
    ['', 'strconv.ParseFloat: parsing "": invalid syntax'],
    ['0x10', 'strconv.ParseFloat: parsing "0x10": invalid syntax'],
    ['1e999', 'strconv.ParseFloat: parsing "1e999": value out of range'],
  ])('refuses %j', (text, message) => {
    expect(() => float(0, '').read(text, undefined)).toThrow(new SyntaxError(message));
  });
});

describe('int32s', () => {
  test('adds up over several uses', () => {
    const flag = int32s('');

    expect(flag.read('4588', flag.read('23,29', undefined))).toEqual([23, 29, 4588]);
  });

  test('refuses what is beyond 32 bits', () => {
    expect(() => int32s('').read('1,4294967296', undefined)).toThrow('value out of range');
  });
});

describe('ip', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    [' ::1 ', '::1'],
    ['', '0.0.0.0'],
  ])('reads %j', (text, address) => {
    expect(ip('0.0.0.0', '').read(text, undefined)).toBe(address);
  });

  test.each(['foo', '127.0.0.01', '1.2.3', 'fe80::1%eth0', 'localhost'])('refuses %j', (text) => {
    expect(() => ip('', '').read(text, undefined)).toThrow(
      new SyntaxError(`failed to parse IP: "${text}"`),
    );
  });
});

describe('byteCount', () => {
  test.each([
    ['33554432', 33_554_432],
    ['32Mi', 33_554_432],
    ['64Ki', 65_536],
    ['1Gi', 1_073_741_824],
    ['5k', 5_000],
    ['5M', 5_000_000],
    ['1G', 1_000_000_000],
  ])('reads %s', (text, bytes) => {
    expect(byteCount(0, '').read(text, undefined)).toBe(bytes);
  });

  test.each(['', 'Mi', '-1', '1.5Mi', '1T', '99999999999999999', '1 Mi'])('refuses %j', (text) => {
    expect(() => byteCount(0, '').read(text, undefined)).toThrow(
      'expected a number of bytes, for example 33554432 or 32Mi',
    );
  });
});

describe('certificateFiles', () => {
  test.each([
    ['a.crt,a.key', { certFile: 'a.crt', keyFile: 'a.key', names: [] }],
    [
      ' a.crt , a.key : *.a.test , b.test',
      { certFile: 'a.crt', keyFile: 'a.key', names: ['*.a.test', 'b.test'] },
    ],
  ])('reads %j', (text, files) => {
    expect(certificateFiles('').read(text, undefined)).toEqual([files]);
  });

  test.each([
    ['a', 'expected comma separated certificate and key file paths'],
    ['a,b,c', 'expected comma separated certificate and key file paths'],
    ['a,b:', 'empty names list is not allowed'],
  ])('refuses %j', (text, message) => {
    expect(() => certificateFiles('').read(text, undefined)).toThrow(new SyntaxError(message));
  });
});

describe('a duration that no timer can wait', () => {
  test.each(['597h', '1000h'])('%s is refused', (text) => {
    expect(() => duration(0, '').read(text, undefined)).toThrow('expected at most 596h31m23.647s');
  });

  test('596h is the longest that is written in hours', () => {
    expect(duration(0, '').read('596h', undefined)).toBe(596 * 3_600_000);
  });
});
