import { describe, expect, test } from '@jest/globals';
import { Names } from '../../../src/kubelet/names.ts';

function intern(names: Names, text: string): string {
  const bytes = Buffer.from(`<${text}>`);
  return names.intern(bytes, 1, bytes.length - 1);
}

describe('Names.intern', () => {
  test.each(['web', '', 'a'.repeat(253), 'a'.repeat(1000), 'é', '😀', '\u0000', 'constructor'])(
    'gives the text of the bytes, again and again: %j',
    (text) => {
      const names = new Names();

      expect([intern(names, text), intern(names, text)]).toEqual([text, text]);
    },
  );

  test('replaces bytes that are not UTF-8, as every reader of JSON does', () => {
    const names = new Names();
    const bytes = Buffer.from([0x61, 0xff, 0x62]);

    expect([names.intern(bytes, 0, 3), names.intern(bytes, 0, 3)]).toEqual([
      'a\uFFFDb',
      'a\uFFFDb',
    ]);
  });

  test('tells names apart that share bytes with others, through growth and generations', () => {
    const names = new Names();
    const pods = Array.from({ length: 20_000 }, (_, at) => `web-${at % 7}-${at}`);

    for (let scrape = 0; scrape < 40; scrape++) {
      // A tenth of the pods is new in every scrape, so that generations come and go.
      const now = pods.slice(0, 2000).map((pod, at) => (at % 10 === 0 ? `${pod}-${scrape}` : pod));
      expect(now.map((pod) => intern(names, pod))).toEqual(now);
    }
    expect(pods.map((pod) => intern(names, pod))).toEqual(pods);
  });

  test('gives equal hashes for equal names', () => {
    const names = new Names();
    const hashes = ['web', 'db', 'web'].map((text) => {
      intern(names, text);
      return names.hash;
    });

    expect(hashes[0]).toBe(hashes[2]);
    expect(hashes[0]).not.toBe(hashes[1]);
  });
});

describe('Names.share', () => {
  test.each(['web', '', 'a'.repeat(253)])('gives the string that the bytes gave: %j', (text) => {
    const names = new Names();
    const known = intern(names, text);

    expect(names.share(Buffer.from(text).toString())).toBe(known);
    expect([intern(names, text), names.size]).toEqual([text, 1]);
  });

  test.each(['é', 'a'.repeat(254)])('keeps nothing that no name is: %j', (text) => {
    const names = new Names();

    expect([names.share(text), names.size]).toEqual([text, 0]);
  });

  test('gives the hash of the bytes', () => {
    const names = new Names();
    intern(names, 'web');
    const { hash } = names;

    names.share('db');
    names.share('web');

    expect(names.hash).toBe(hash);
  });
});

describe('Names.size', () => {
  test('stays what is in use, however many names come and go', () => {
    const names = new Names();
    const staying = Array.from({ length: 600 }, (_, at) => `staying-${at}`);

    let largest = 0;
    for (let scrape = 0; scrape < 200; scrape++) {
      for (const name of staying) intern(names, name);
      for (let at = 0; at < 40; at++) intern(names, `passing-${scrape}-${at >> 1}`);
      largest = Math.max(largest, names.size);
    }
    expect(names.size).toBeGreaterThanOrEqual(620);
    expect(largest).toBeLessThan(2000); // of 4,600
  });

  test('is that of a list, however long it takes until the names are looked up again', () => {
    const names = new Names();

    for (let at = 0; at < 10_000; at++) for (const name of [`pod-${at}`, '']) names.share(name);

    expect(names.size).toBeGreaterThan(9900); // names that meet too many others are not kept
  });

  test('counts every name once while the table is moved into a larger one, piece by piece', () => {
    const names = new Names();
    const sizes = [];

    for (let at = 0; at < 5000; at++) {
      intern(names, `pod-${at}`);
      // Those that stand before the piece that was moved last, in it and behind it.
      for (const known of [0, at >> 1, at]) intern(names, `pod-${known}`);
      sizes.push(names.size);
    }

    // Names that meet too many others are not kept.
    expect(sizes.filter((size, at) => size > at + 1)).toEqual([]);
    expect(names.size).toBeGreaterThan(4950);
  });

  test('falls when the cluster does', () => {
    const names = new Names();
    for (let at = 0; at < 10_000; at++) intern(names, `gone-${at}`);
    const before = names.size;

    for (let lookup = 0; lookup < 200_000; lookup++) names.share('staying');

    expect(before).toBeGreaterThan(9900); // names that meet too many others are not kept
    expect(names.size).toBe(1);
  });
});
