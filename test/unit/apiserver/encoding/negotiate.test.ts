import { describe, expect, test } from '@jest/globals';
import {
  namesOneOf,
  negotiate,
  producibleTypes,
} from '../../../../src/apiserver/encoding/negotiate.ts';
import type { MediaType } from '../../../../src/apiserver/encoding/negotiate.ts';

const JSON_TYPE = 'application/json';
const YAML = 'application/yaml';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** Upstream's three, so that the rules among several types are tested whatever we serve. */
const UPSTREAM: readonly MediaType[] = [
  { name: JSON_TYPE, streams: true, transforms: ['Table', 'PartialObjectMetadata'] },
  { name: YAML, streams: false, transforms: ['Table', 'PartialObjectMetadata'] },
  { name: PROTOBUF, streams: true, transforms: ['PartialObjectMetadata'] },
];

const TABLE = 'as=Table;v=v1;g=meta.k8s.io';

describe('producibleTypes', () => {
  test('lists also offer the types of a watch', () => {
    expect(producibleTypes(UPSTREAM, false)).toEqual([JSON_TYPE, YAML, PROTOBUF]);
    expect(producibleTypes(UPSTREAM, true)).toEqual([
      JSON_TYPE,
      YAML,
      PROTOBUF,
      `${JSON_TYPE};stream=watch`,
      `${PROTOBUF};stream=watch`,
    ]);
  });
});

describe('namesOneOf', () => {
  test.each([
    { header: undefined, passes: true },
    { header: '', passes: true },
    { header: '*/*', passes: true },
    { header: 'text/html, */*;q=0.8', passes: true },
    { header: ' application/json ; charset=utf-8', passes: true },
    { header: `${PROTOBUF}, application/json`, passes: true },
    { header: 'application/*', passes: false },
    { header: 'text/*', passes: false },
    { header: 'APPLICATION/JSON', passes: false },
    { header: 'json', passes: false },
    { header: ' ', passes: false },
  ])('$header passes the router: $passes', ({ header, passes }) => {
    expect(namesOneOf(header, [JSON_TYPE])).toBe(passes);
  });
});

describe('negotiate', () => {
  test.each([
    { accept: undefined, chosen: JSON_TYPE },
    { accept: '', chosen: JSON_TYPE },
    { accept: '*/*', chosen: JSON_TYPE },
    { accept: '*', chosen: JSON_TYPE },
    { accept: 'application/*', chosen: JSON_TYPE },
    { accept: 'application/json; charset=utf-8', chosen: JSON_TYPE },
    { accept: 'application/json;stream=watch', chosen: JSON_TYPE },
    { accept: 'application/yaml;stream=watch', chosen: undefined },
    { accept: 'application/json;stream=other', chosen: undefined },
    { accept: 'application/json;sv=v1', chosen: JSON_TYPE },
    { accept: 'application/json;sv=v2', chosen: undefined },
    { accept: YAML, chosen: YAML },
    { accept: 'application/json;q=0.1, application/yaml;q=0.9', chosen: YAML },
    { accept: 'application/json;q=0, application/yaml;q=0', chosen: JSON_TYPE },
    { accept: 'application/json;q=many, application/yaml;q=0.1', chosen: YAML },
    { accept: `${PROTOBUF}, */*`, chosen: PROTOBUF },
    { accept: `*/*, ${PROTOBUF}`, chosen: PROTOBUF },
    { accept: 'application/*, application/yaml', chosen: YAML },
    {
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      chosen: JSON_TYPE,
    },
    { accept: '*/*;q=0.9, application/yaml;q=0.1', chosen: YAML },
    { accept: 'application/yaml;q=0.1, */*;q=0.9', chosen: JSON_TYPE },
    { accept: 'application/*, application/yaml;q=0.1', chosen: YAML },
    { accept: 'application/json;q= 0.9, application/yaml;q=0.5', chosen: YAML },
    { accept: 'application/json;q=0.5, application/yaml;q=1_0', chosen: YAML },
    { accept: 'application/json;q=0.5, application/yaml;q=+Inf', chosen: YAML },
    { accept: 'application/json;q=nan, application/yaml;q=0.5', chosen: JSON_TYPE },
    { accept: 'application/yaml/', chosen: YAML },
    { accept: '*/', chosen: JSON_TYPE },
    { accept: '*//', chosen: undefined },
    { accept: '\tapplication/json', chosen: undefined },
    { accept: 'application/yaml;stream= ;sv= ', chosen: YAML },
    { accept: 'application/yaml;g==,application/json', chosen: JSON_TYPE },
    { accept: 'application/yaml;g=a=b', chosen: YAML },
    { accept: 'text/html', chosen: undefined },
    { accept: 'json', chosen: undefined },
    { accept: 'application/json/x', chosen: undefined },
    { accept: '*/json', chosen: undefined },
    { accept: ',', chosen: undefined },
  ])('$accept chooses $chosen', ({ accept, chosen }) => {
    expect(negotiate(accept, UPSTREAM, true)?.mediaType.name).toBe(chosen);
  });

  test.each([
    { accept: `application/json;${TABLE}`, kind: 'Table', version: 'v1' },
    {
      accept: 'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
      kind: 'Table',
      version: 'v1beta1',
    },
    { accept: `application/json;${TABLE},application/json`, kind: 'Table', version: 'v1' },
    { accept: `${PROTOBUF};${TABLE},application/json`, kind: undefined, version: undefined },
    {
      accept: `application/json;${TABLE};q=0.1, application/json;q=0.9`,
      kind: undefined,
      version: undefined,
    },
  ])('$accept transforms into $kind $version', ({ accept, kind, version }) => {
    const negotiated = negotiate(accept, UPSTREAM, true);

    expect(negotiated?.mediaType.name).toBe(JSON_TYPE);
    expect(negotiated?.transform?.kind).toBe(kind);
    expect(negotiated?.transform?.version).toBe(version);
  });

  test.each([
    `${PROTOBUF};${TABLE}`,
    'application/json;v=v1',
    'application/json;as=Table',
    'application/json;as=Table;v=v2;g=meta.k8s.io',
    'application/json;as=Table;v=v1;g=foo',
    'application/json;as=Foo;v=v1;g=meta.k8s.io',
    'application/json;g=foo',
  ])('%s is refused', (accept) => {
    expect(negotiate(accept, UPSTREAM, true)).toBeUndefined();
  });

  test('nothing is transformed where transforming is not allowed', () => {
    expect(negotiate(`application/json;${TABLE}`, UPSTREAM, false)).toBeUndefined();
    const fallback = negotiate(`application/json;${TABLE},application/json`, UPSTREAM, false);
    expect(fallback?.transform).toBeUndefined();
    expect(fallback?.mediaType.name).toBe(JSON_TYPE);
  });

  test.each([
    { accept: 'application/yaml;sv=v1', transforms: true, chosen: YAML },
    { accept: 'application/yaml;sv=v2', transforms: true, chosen: undefined },
    { accept: 'application/yaml;sv=v1', transforms: false, chosen: undefined },
    { accept: 'application/yaml;sv= ', transforms: false, chosen: YAML },
  ])('$accept chooses $chosen where transforms are $transforms', (one) => {
    expect(negotiate(one.accept, UPSTREAM, one.transforms)?.mediaType.name).toBe(one.chosen);
  });

  test('pretty=1 asks for a layout, any other value does not', () => {
    expect(negotiate('application/json;pretty=1', UPSTREAM, true)?.pretty).toBe(true);
    expect(negotiate('application/json;pretty=true', UPSTREAM, true)?.pretty).toBe(false);
  });
});
