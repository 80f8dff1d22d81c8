import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OWN_EXCHANGES, readExchanges } from '../../conformance/exchanges.ts';

const GOOD = {
  id: 1,
  topic: 'nodes',
  as: 'admin',
  method: 'GET',
  path: '/',
  headers: { accept: '' },
  response: { status: 200, headers: { 'Content-Type': 'text/plain' }, body: 'ok' },
};

describe('readExchanges', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'exchanges-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const write = (file: string, content: unknown) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(join(folder, file), text);
  };

  test("reads the project's own", () => {
    const exchanges = readExchanges(OWN_EXCHANGES);

    expect(exchanges).toHaveLength(393);
    expect(new Set(exchanges.map(({ topic }) => topic)).size).toBe(11);
  });

  test('reads bodies as text, as base64, left out, or in part', () => {
    const response = { status: 200, headers: {} };
    write('a.json', [
      GOOD,
      { ...GOOD, id: 2, response: { ...response, base64: 'AAE=' } },
      { ...GOOD, id: 3, response: { ...response, bodyLeftOut: true } },
      { ...GOOD, id: 4, response: { ...response, body: 'x', bodyIs: 'a part' } },
      { ...GOOD, id: 5, response },
    ]);

    const bodies = readExchanges(folder).map(({ response: { body, bodyIs } }) => [
      body?.toString('latin1'),
      bodyIs,
    ]);

    expect(bodies).toEqual([
      ['ok', undefined],
      ['\0\u0001', undefined],
      [undefined, undefined],
      ['x', 'a part'],
      ['', undefined],
    ]);
  });

  test.each<[string, unknown, string]>([
    [
      'another identity',
      { ...GOOD, as: 'stranger' },
      'a.json: id 1: there is no identity "stranger"',
    ],
    ['no path', { ...GOOD, path: undefined }, 'a.json: id 1: expected "path" to be a text'],
    ['no id', { ...GOOD, id: 'x' }, 'a.json: entry 0: expected "id" to be a whole number'],
    [
      'headers that are no texts',
      { ...GOOD, headers: { a: 1 } },
      'a.json: id 1: expected "headers.a"',
    ],
    ['no response', { ...GOOD, response: null }, 'a.json: id 1: expected "response"'],
    ['a body that is no text', { ...GOOD, response: { ...GOOD.response, body: {} } }, '"body"'],
    ['no status', { ...GOOD, response: { headers: {} } }, '"status" to be a number'],
    ['no object', 7, 'a.json: entry 0: expected an object'],
  ])('refuses an exchange with %s, naming file and id', (_, entry, problem) => {
    write('a.json', [entry]);

    expect(() => readExchanges(folder)).toThrow(problem);
  });

  test('tells everything that is wrong at once', () => {
    write('a.json', 'no JSON');
    write('b.json', {});
    write('c.json', [{ ...GOOD, method: 1 }, GOOD, GOOD]);

    expect(() => readExchanges(folder)).toThrow(
      /^a\.json: .*\nb\.json: expected an array of exchanges\nc\.json: id 1: expected "method".*\nnodes: the id 1 is there twice$/,
    );
  });

  test.each([
    ['without exchanges', '', 'there are no exchanges'],
    ['that is not there', 'nowhere', 'ENOENT'],
  ])('refuses a folder %s', (_, name, problem) => {
    expect(() => readExchanges(join(folder, name))).toThrow(problem);
  });
});
