import { describe, expect, test } from '@jest/globals';
import { mergeOpenApiV2 } from '../../../src/simulator/merge-openapi.ts';
import type { OpenApiV2 } from '../../../src/simulator/merge-openapi.ts';

const KINDS = 'x-kubernetes-group-version-kind';
const ref = (name: string): object => ({ $ref: `#/definitions/${name}` });
const parameter = (name: string): object => ({ $ref: `#/parameters/${name}` });

function merged(
  own: Partial<OpenApiV2>,
  ...remotes: readonly (readonly [prefix: string, document: Partial<OpenApiV2>])[]
): OpenApiV2 {
  return mergeOpenApiV2(
    { paths: {}, definitions: {}, parameters: {}, ...own },
    remotes.map(([pathPrefix, document]) => ({ pathPrefix, document })),
  );
}

// The rules of kube-openapi's aggregator, which made the same of whole documents of ours.
describe('mergeOpenApiV2', () => {
  test('takes what is below the prefix, and of the definitions what that is made of', () => {
    const { paths, definitions } = merged({}, [
      '/apis/a/v1/',
      {
        paths: { '/apis/a/v1/x': ref('X'), '/apis/a/v2/y': ref('Y'), '/version/': ref('V') },
        definitions: {
          X: { items: ref('Part') },
          Part: {},
          Y: { items: ref('Part') },
          V: {},
          Spare: {},
        },
      },
    ]);

    expect(Object.keys(paths)).toEqual(['/apis/a/v1/x']);
    // What nobody referred to before is not missed now.
    expect(Object.keys(definitions).sort()).toEqual(['Part', 'Spare', 'X']);
  });

  test('keeps its own paths', () => {
    const { paths, definitions } = merged({ paths: { '/apis/a/v1/x': 'own' } }, [
      '/apis/a/v1/',
      { paths: { '/apis/a/v1/x': ref('X') }, definitions: { X: {} } },
    ]);

    expect(paths).toEqual({ '/apis/a/v1/x': 'own' });
    expect(definitions).toEqual({});
  });

  test('gives another name to a definition that is another one, wherever it is referred to', () => {
    const { paths, definitions } = merged({ definitions: { Meta: { type: 'own' } } }, [
      '/apis/a/',
      {
        paths: { '/apis/a/x': ref('X') },
        definitions: { X: { items: ref('Meta') }, Meta: { items: ref('X') } },
      },
    ]);

    expect(paths).toEqual({ '/apis/a/x': ref('X') });
    expect(definitions).toEqual({
      Meta: { type: 'own' },
      X: { items: ref('Meta_v2') },
      Meta_v2: { items: ref('X') },
    });
  });

  test('uses such a name again for the same, and the next one for a third', () => {
    const remote = (prefix: string, type: string) =>
      [
        prefix,
        { paths: { [`${prefix}x`]: ref('Meta') }, definitions: { Meta: { type } } },
      ] as const;
    const { paths, definitions } = merged(
      { definitions: { Meta: { type: 'own' } } },
      remote('/a/', 'one'),
      remote('/b/', 'two'),
      remote('/c/', 'one'),
      remote('/d/', 'own'),
    );

    expect(paths).toEqual({
      '/a/x': ref('Meta_v2'),
      '/b/x': ref('Meta_v3'),
      '/c/x': ref('Meta_v2'),
      '/d/x': ref('Meta'),
    });
    expect(Object.keys(definitions)).toHaveLength(3);
  });

  test('lets a definition serve the kinds of both', () => {
    const kind = (group: string): object => ({ group, kind: 'X', version: 'v1' });
    const { definitions } = merged({ definitions: { X: { type: 'x', [KINDS]: [kind('a')] } } }, [
      '/apis/b/',
      {
        paths: { '/apis/b/x': ref('X') },
        definitions: { X: { type: 'x', [KINDS]: [kind('b'), kind('a')] } },
      },
    ]);

    expect(definitions).toEqual({ X: { type: 'x', [KINDS]: [kind('a'), kind('b')] } });
  });

  test('does the same with parameters', () => {
    const { paths, parameters } = merged(
      { parameters: { 'limit-1': { type: 'own' }, 'watch-1': { type: 'same' } } },
      [
        '/apis/a/',
        {
          paths: { '/apis/a/x': { parameters: [parameter('limit-1'), parameter('watch-1')] } },
          parameters: { 'limit-1': { type: 'other' }, 'watch-1': { type: 'same' } },
        },
      ],
    );

    expect(paths).toEqual({
      '/apis/a/x': { parameters: [parameter('limit-1_v2'), parameter('watch-1')] },
    });
    expect(parameters).toEqual({
      'limit-1': { type: 'own' },
      'limit-1_v2': { type: 'other' },
      'watch-1': { type: 'same' },
    });
  });

  test.each([[undefined], [null], ['text'], [{}], [{ paths: null }]])(
    'makes nothing of %j',
    (document) => {
      const own = { paths: { '/x': {} }, definitions: {}, parameters: {} };

      expect(mergeOpenApiV2(own, [{ document, pathPrefix: '/' }])).toEqual(own);
    },
  );
});
