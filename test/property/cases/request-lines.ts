import fc from 'fast-check';
import { mutated } from '../../support/properties.ts';
import { listQueries } from './list-options.ts';

const segments = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      ...['nodes', 'pods', 'namespaces', 'default', 'web-0', 'alpha', 'status', 'finalize'],
      ...['watch', 'proxy', 'v1', 'v1beta1', 'metrics.k8s.io', 'apis', 'api', 'a', 'openapi', 'v3'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['', '.', '..', '%2F', '%2e%2E', 'a%2Fb', '%25', '%zz', '%C3%A9', '%ff', '+', 'a;b', ':'],
      ...['~', "a'b", '*', '%00', '%0a', 'nod%65s', '@', 'a=b', 'x'.repeat(300)],
    ),
  },
);
const roots = fc.constantFrom(
  ...['/apis/metrics.k8s.io/v1beta1', '/apis/metrics.k8s.io/v1beta1/namespaces/default'],
  ...['/apis/metrics.k8s.io/v1beta1', '/apis/metrics.k8s.io/v1beta1/watch', '/apis'],
  ...['/apis/metrics.k8s.io', '/api', '/api/v1', '', '/openapi', '/openapi/v3', '/healthz'],
  ...['/readyz', '/livez', '/metrics', '/version', '/index.html', '//apis', '/apis/other/v1'],
);

const served = fc.constantFrom(
  ...['', '/nodes', '/nodes/alpha', '/pods', '/namespaces/default/pods', '/nodes/nobody'].map(
    (path) => `/apis/metrics.k8s.io/v1beta1${path}`,
  ),
  ...['/namespaces/default/pods/web-0', '/namespaces/nowhere/pods', '/namespaces/a/pods/b'].map(
    (path) => `/apis/metrics.k8s.io/v1beta1${path}`,
  ),
  ...['/', '/apis', '/apis/metrics.k8s.io', '/openapi/v2', '/openapi/v3', '/version'],
  ...['/healthz', '/livez/ping', '/readyz/log'],
  '/openapi/v3/apis/metrics.k8s.io/v1beta1',
);

/** Paths of request targets: of resources, of everything else that is served, and beside it. */
const paths = mutated(
  fc.oneof(
    fc.tuple(served, fc.constantFrom('', '', '', '/')).map((parts) => parts.join('')),
    fc
      .tuple(roots, fc.array(segments, { maxLength: 5 }), fc.constantFrom('', '', '', '/', '//'))
      .map(([root, all, end]) => [root, ...all].join('/') + end),
  ),
  ['/', '//', '.', '%', '%2f', '%41', 'watch', 'nodes', 'pods', ':', '*', '?', '#', '\\'],
  3,
).map((path) => (path.startsWith('/') ? path : `/${path}`));

const selections = fc.constantFrom(
  ...['watch=1', 'watch', 'watch=false', 'watch=0&limit=x', 'watch=true&labelSelector=,'],
  ...[
    'fieldSelector=metadata.name=web-0',
    'fieldSelector=metadata.name%3D.',
    'limit=abc',
    'fieldSelector=metadata.name=..',
  ],
  ...['fieldSelector=metadata.name==a,metadata.namespace!=b&labelSelector=a', 'labelSelector=a b'],
  ...['fieldSelector=metadata.name=a/b', 'fieldSelector=a=b,metadata.name=c', 'timeout=5s'],
  ...['pretty=1', 'verbose', 'fieldSelector=metadata.name!=x', 'fieldSelector=metadata.name=%ff'],
);

/** Request targets in origin form, of bytes that HTTP allows there. */
export const targets = fc
  .tuple(
    paths,
    fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      { weight: 2, arbitrary: selections },
      { weight: 2, arbitrary: listQueries },
    ),
  )
  .map(([path, query]) => onlyUrlBytes(query === '' ? path : `${path}?${query}`));

/** As a client writes what may not stand there raw: blanks, controls and bytes beyond ASCII. */
function onlyUrlBytes(text: string): string {
  return text.replace(
    /[^\x21-\x7e]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0').slice(-2)}`,
  );
}

export const methods = fc.oneof(
  { weight: 6, arbitrary: fc.constant('GET') },
  {
    weight: 4,
    arbitrary: fc.constantFrom('HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'),
  },
);
