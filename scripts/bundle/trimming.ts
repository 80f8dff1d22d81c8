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
     export { default as Client } from './node_modules/undici/lib/dispatcher/client.js';`,
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

/**
 * What Express loads for middleware and answers that ours never uses: bodies, files, nested queries, and a table of all
 * media types. Each is replaced by a function that says so when it is called.
 */
const LEFT_OUT_OF_EXPRESS = /^(?:body-parser|mime-db|qs|send|serve-static)$/;
const EXPRESS = /[\\/]node_modules[\\/](?:express|mime-types)[\\/]/;

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
      build.onResolve({ filter: LEFT_OUT_OF_EXPRESS }, (asked) =>
        EXPRESS.test(asked.importer) ? { path: asked.path, namespace: 'left-out' } : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
        contents: `module.exports = () => { throw new Error('The bundle leaves out ${path} (scripts/bundle/trimming.ts)'); };`,
      }));
    },
  };
}
