import { describe, expect, test } from '@jest/globals';
import { readBody, writeBody } from '../../conformance/document.ts';
import { type Exchange, OWN_EXCHANGES, readExchanges } from '../../conformance/exchanges.ts';
import { parseJson, writeJson } from '../../conformance/json-text.ts';
import { recordedSide } from '../../conformance/side.ts';
import { type Tree, treeOf } from '../../conformance/tree.ts';
import { parseYaml, writeYaml } from '../../conformance/yaml-text.ts';

const exchanges = readExchanges(OWN_EXCHANGES);

function exchangeOf(id: number): Exchange {
  const found = exchanges.find((exchange) => exchange.id === id);
  if (!found) throw new Error(`There is no exchange ${id}`);
  return found;
}

describe('recorded bodies', () => {
  test('all come out again as they went in', () => {
    const texts = exchanges.filter(
      ({ response: { body, headers } }) =>
        body !== undefined && headers.get('content-type')?.includes('protobuf') !== true,
    );

    for (const { response } of texts) {
      const { body = Buffer.alloc(0), headers } = response;
      expect(writeBody(readBody(headers.get('content-type') ?? '', body))).toBe(String(body));
    }
    expect(texts.length).toBeGreaterThan(370);
  });

  test.each([
    ['nodes', 156, 118],
    ['a pod', 157, 23],
    ['the pods of a namespace', 213, 14],
    ['all pods', 214, 13],
    ['no pods', 219, 18],
    ['the group', 270, 229],
    ['the resources', 271, 231],
    ['aggregated discovery', 257, 254],
  ])('of %s say the same in protobuf (%i) and JSON (%i)', (_, protobuf, json) => {
    expect(meaningOf(protobuf)).toEqual(meaningOf(json));
  });

  test('say the same in YAML and JSON', () => {
    expect(meaningOf(215)).toEqual(meaningOf(14));
  });

  /** Without zero values, which protobuf leaves out or not as it likes, and without the moment of asking. */
  function meaningOf(id: number): unknown {
    const { body } = recordedSide(exchangeOf(id));
    if (body === undefined || body.format === 'text') throw new Error(`${id} has no document`);
    const text = writeJson(body.format === 'yaml' ? parseJson(jsonOf(body)) : body.tree, 'compact');
    return JSON.parse(text, (name, value: unknown) => {
      if (name === 'creationTimestamp') return '*';
      if (name === 'containers' && Array.isArray(value) && value.length > 0) {
        return (value as { name: string }[]).toSorted(byName);
      }
      return ['', '0s', 'false', 'null'].includes(String(value)) ? undefined : value;
    });
  }

  function byName(left: { name: string }, right: { name: string }): number {
    return left.name < right.name ? -1 : 1;
  }

  function jsonOf({ tree }: { tree: Tree }): string {
    const plain = (part: Tree): unknown => {
      if (part.kind === 'scalar') return part.value;
      if (part.kind === 'sequence') return part.items.map(plain);
      return Object.fromEntries(part.entries.map(([name, value]) => [name, plain(value)]));
    };
    return JSON.stringify(plain(tree));
  }
});

describe('JSON', () => {
  test.each([
    ['{"a":1,"a":1.50e3}'],
    ['[]'],
    ['{"a":{},"b":[],"c":[{}],"d":null}'],
    ['{"text":"\\u003ca\\u003e \\"quoted\\" \\\\ \\u00e9 é"}'],
    ['"alone"'],
    ['-0.10'],
  ])('%s keeps every character', (text) => {
    expect(writeJson(parseJson(text), 'compact')).toBe(text);
  });

  test.each([
    ['{"a":1', 'expected "}" at byte 6'],
    ['[1,]', 'expected a value at byte 3'],
    ['{"a" 1}', 'expected ":" at byte 5'],
    ['{a:1}', 'expected a value at byte 1'],
    ['1 2', 'expected the end at byte 2'],
    ['"open', 'expected a value at byte 0'],
    ['', 'expected a value at byte 0'],
  ])('%s is refused', (text, problem) => {
    expect(() => parseJson(text)).toThrow(problem);
  });

  test('that nests without end is refused, and not a stack overflow', () => {
    expect(() => parseJson('['.repeat(100_000))).toThrow('deeper than 100 levels');
  });

  test.each([
    ['{ "a": 1 }\n', 'laid out as Go never does'],
    ['{\n "a": 1\n}', 'laid out as Go never does'],
    ['{"a":1}\n\n', 'laid out as Go never does'],
  ])('%j is laid out as Go never does', (text, problem) => {
    expect(() => readBody('application/json', Buffer.from(text))).toThrow(problem);
  });

  test('of ours is escaped as Go escapes', () => {
    expect(writeJson(treeOf({ a: '<&>' }), 'compact')).toBe('{"a":"\\u003c\\u0026\\u003e"}');
  });
});

describe('YAML', () => {
  test.each([
    ['a: b\n'],
    ['a:\n- b: "1"\n  c: {}\n- d: []\ne:\n  f: null\n'],
    ['message: "a: b"\n"1": x\n'],
    ['message: first line\n  and the second\nz: 1\n'],
    ['message: |-\n  first\n  second\nz: 1\n'],
  ])('%j keeps every character', (text) => {
    expect(writeYaml(parseYaml(text))).toBe(text);
  });

  test('of ours is quoted where it would be read as something else', () => {
    const value = { a: '0', b: '1Mi', c: '2026-11-20T10:00:15Z', d: 'true', e: '', f: 'x y', g: 5 };

    expect(writeYaml(treeOf(value))).toBe(
      'a: "0"\nb: 1Mi\nc: "2026-11-20T10:00:15Z"\nd: "true"\ne: ""\nf: x y\ng: 5\n',
    );
  });

  test.each([
    ['a: b', 'ends with a line break'],
    ['a:\n   b: c\n', 'expected a block on line 2'],
    ['a: b\n  - c\n- d\n', 'expected the end on line 3'],
  ])('%j is refused', (text, problem) => {
    expect(() => parseYaml(text)).toThrow(problem);
  });
});

describe('protobuf', () => {
  const envelope = (message: readonly number[], kind = 'Status') => {
    const typeMeta = [0x0a, 2, ...Buffer.from('v1'), 0x12, kind.length, ...Buffer.from(kind)];
    const parts = [0x0a, typeMeta.length, ...typeMeta, 0x12, message.length, ...message];
    return Buffer.from([...Buffer.from('k8s\0'), ...parts]);
  };
  const read = (bytes: Buffer) => readBody('application/vnd.kubernetes.protobuf', bytes);

  test('is written as the document that it says', () => {
    const bytes = envelope([0x12, 2, ...Buffer.from('ok'), 0x30, 0x96, 3]);

    expect(JSON.parse(writeBody(read(bytes)))).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'ok',
      code: 406,
    });
  });

  test.each([
    ['no magic number', Buffer.from('k9s\0'), 'magic number'],
    ['an unknown kind', envelope([], 'Fruit'), 'there is no message "Fruit"'],
    ['an unknown field', envelope([0x7a, 0]), 'Status has no field 15'],
    ['a field that stands there twice', envelope([0x12, 1, 65, 0x12, 1, 66]), '2 times'],
    ['bytes for a number', envelope([0x32, 1, 65]), 'Status.code is bytes'],
    ['a number for bytes', envelope([0x10, 1]), 'Status.status is a number'],
    ['a length beyond the end', envelope([0x12, 9, 65]), 'longer than its message'],
    ['an endless number', envelope([0x30, 0x80]), 'expected a number'],
    ['another wire type', envelope([0x35, 0, 0, 0, 0]), 'wire type 5'],
    ['text that is not UTF-8', envelope([0x12, 1, 0xff]), 'not valid'],
  ])('with %s is refused', (_, bytes, problem) => {
    expect(() => read(bytes)).toThrow(problem);
  });
});
