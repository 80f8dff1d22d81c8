import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';

const RESOURCES = ['nodes.metrics.k8s.io', 'pods.metrics.k8s.io'];
const namespaces = fc.constantFrom('', 'default', 'team-a', 'kube-system', 'nowhere');
const names = fc.constantFrom('', 'a', 'alpha', 'beta', 'web-0', 'web-1', 'zzz', 'é', '\ufeff');
const counts = fc.constantFrom<unknown>(undefined, 0, 3, 5000, -1, 1.5, '3', null, 2 ** 53);

const fields = fc.record(
  {
    v: fc.oneof(
      { weight: 9, arbitrary: fc.constant<unknown>(1) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(0, 2, '1', null, 'meta.k8s.io/v1') },
    ),
    of: fc.constantFrom<unknown>(...RESOURCES, ...RESOURCES, 'pods', 1),
    in: fc.oneof({ weight: 9, arbitrary: namespaces }, { weight: 1, arbitrary: fc.constant(null) }),
    after: fc.oneof(
      { weight: 9, arbitrary: fc.tuple(namespaces, names) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<unknown>([], ['a'], ['a', 1], 'a/b', null, ['', 'a', 'b']),
      },
    ),
    left: counts,
  },
  { requiredKeys: ['of', 'in', 'after'] },
);
const jsonTexts = fc.oneof(
  { weight: 8, arbitrary: fields.map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: mutated(
      fields.map((value) => JSON.stringify(value)),
      ['"', '{', '}', '[', ',', ':', '1', '\\u0000', 'null', '{"v":1}', '\ufeff'],
      9,
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'null', '[]', '1', '"x"', '{}', '{"v":1}') },
);

const tails = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom('A', '_', 'AA', '=', '==') },
);

/** Values of `continue`: tokens like ours, well and badly made. */
export const continueTokens = mutated(
  fc
    .tuple(jsonTexts, tails)
    .map(([text, tail]) => Buffer.from(text, 'utf8').toString('base64url') + tail),
  ['=', '+', '/', '-', '_', 'A', '.', ' ', 'é', '\n', '%'],
  2,
).filter((token) => token !== '');
