import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';

const ranges = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      ...['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'],
      ...['*/*', 'application/*', '*'],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...['text/html', 'text/*', 'APPLICATION/JSON', 'application/xml', 'application/cbor'],
      ...['*/json', 'application/', 'application', 'application/json/', 'a/b/c', '/', '*/', ''],
    ),
  },
);

const targets = fc.oneof(
  fc.constantFrom(
    ...['as=Table;v=v1;g=meta.k8s.io', 'g=meta.k8s.io;v=v1beta1;as=Table'],
    ...[
      'as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    ],
    ...['as=Table', 'v=v1', 'g=', 'as=Foo;v=v1;g=meta.k8s.io', 'as=Table;v=v2;g=meta.k8s.io'],
    'g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  ),
);
const weights = fc.oneof(
  fc.constantFrom('0', '1', '0.5', '0.9', '0.1', '1.0', '.3', '-1', '2', '1e-1'),
  fc.constantFrom(...['', ' 0.5', '0.5 ', 'x', '1e99', 'inf', 'nan', '0,5', '1_0', '+0.7']),
);
const parameters = fc.oneof(
  { weight: 4, arbitrary: weights.map((weight) => `q=${weight}`) },
  { weight: 3, arbitrary: targets },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...['pretty=1', 'pretty=0', 'charset=utf-8', 'stream=watch', 'stream=foo', 'stream= '],
      ...['sv=v1', 'sv=v2', 'sv= ', 'export=1', 'profile=nopeer', 'a=b=c', 'a=b=', '=', ' q = 0.5'],
    ),
  },
);
const clauses = fc
  .tuple(
    ranges,
    fc.array(parameters, { maxLength: 3 }),
    fc.constantFrom(';', '; ', ' ;'),
    fc.constantFrom('', '', ' ', '  '),
  )
  .map(([range, all, separator, space]) => space + [range, ...all].join(separator));

/**
 * Values of Accept as they may reach the server: mostly good, with mistakes, every character one byte that
 * a header may have. Up to 12 clauses, as far as Go sorts them in a documented way.
 */
export const acceptHeaders = mutated(
  fc.array(clauses, { maxLength: 5 }).map((all) => all.join(',')),
  [',', ';', '=', '/', '*', ' ', '\t', 'q', '1', '"', '\\', 'é', '*/*', ',,', ';;', ';q=0.2'],
).filter((header) => header.split(',').length <= 12);
