import type { Plugin } from 'esbuild';

/** Who imports in our own sources. A package that imports the same gets it whole. */
const OURS = /[\\/]src[\\/][^\\/]/;
const PACKAGES = /[\\/]node_modules[\\/]/;

/**
 * What our sources need of packages that load all they have at once. A name that is missing here fails the build.
 */
const PARTS = new Map([
  [
    'undici',
    `import api from './node_modules/undici/lib/api/index.js';
     import Dispatcher from './node_modules/undici/lib/dispatcher/dispatcher.js';
     Object.assign(Dispatcher.prototype, api);
     export { default as Agent } from './node_modules/undici/lib/dispatcher/agent.js';
     export { default as Client } from './node_modules/undici/lib/dispatcher/client.js';
     export { default as buildConnector } from './node_modules/undici/lib/core/connect.js';`,
  ],
  [
    'prom-client',
    `export { exponentialBuckets } from './node_modules/prom-client/lib/bucketGenerators.js';
     export { default as Counter } from './node_modules/prom-client/lib/counter.js';
     export { default as collectDefaultMetrics } from './node_modules/prom-client/lib/defaultMetrics.js';
     export { default as Gauge } from './node_modules/prom-client/lib/gauge.js';
     export { default as Histogram } from './node_modules/prom-client/lib/histogram.js';
     export { default as Registry } from './node_modules/prom-client/lib/registry.js';`,
  ],
]);

interface LeftOut {
  /** As it is asked for. */
  readonly name: RegExp;
  /** Who asks for it in vain. */
  readonly importer: RegExp;
  /** What stands there instead; without it a function that says so when it is called. */
  readonly instead?: string;
}

/** What packages load at once for parts of them that ours never uses. */
const LEFT_OUT: readonly LeftOut[] = [
  // Bodies, files, nested queries, and a table of all media types.
  {
    name: /^(?:body-parser|mime-db|qs|send|serve-static)$/,
    importer: /[\\/]node_modules[\\/](?:express|mime-types)[\\/]/,
  },
  // What DEBUG=* would print.
  {
    name: /^debug$/,
    importer: /[\\/]node_modules[\\/](?:express|finalhandler|router)[\\/]/,
    instead: 'module.exports = () => () => {};',
  },
  // Exemplars of a figure that apiserver/self-metrics.ts replaces.
  { name: /^@opentelemetry\/api$/, importer: /[\\/]node_modules[\\/]prom-client[\\/]/ },
  // Node's own HTTP/2, 2 MB: our agents have `allowH2: false`.
  { name: /^\.\/client-h2\.js$/, importer: /[\\/]node_modules[\\/]undici[\\/]/ },
];

/**
 * Leaves out of a bundle what its program never runs.
 * @param root the folder of package.json, with a separator at its end
 */
export function trimming(root: string): Plugin {
  return {
    name: 'trimming',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^(?:${[...PARTS.keys()].join('|')})$`) }, (asked) =>
        OURS.test(asked.importer) && !PACKAGES.test(asked.importer)
          ? { path: asked.path, namespace: 'part' }
          : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({
        contents: PARTS.get(path) ?? '',
        resolveDir: root,
      }));
      for (const { name, importer } of LEFT_OUT) {
        build.onResolve({ filter: name }, (asked) =>
          importer.test(asked.importer) ? { path: asked.path, namespace: 'left-out' } : undefined,
        );
      }
      build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
        contents: LEFT_OUT.find(({ name }) => name.test(path))?.instead ?? sayingSo(path),
      }));
    },
  };
}

function sayingSo(path: string): string {
  return `module.exports = () => { throw new Error('The bundle leaves out ${path} (scripts/bundle/trimming.ts)'); };`;
}
