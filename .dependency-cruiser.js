// The rules of the house (docs/architecture.md), so that a wrong import fails the gate.
const GROUND = '^src/((model|apimachinery|pki)/|(clock|log|source-places)\\.ts$)';
const ROOMS = [
  'config',
  'kube',
  'kubelet',
  'scraper',
  'storage',
  'apiserver',
  'apis/[^/]+',
  'simulator',
];

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const onlyIn = (dependency, path) =>
  rule(
    `${dependency}-has-one-door`,
    `Only ${path} may import ${dependency}.`,
    { path: '^src/', pathNot: `^src/(${path})` },
    { path: `(^|/)node_modules/(@types/)?${dependency}/` },
  );

export default {
  forbidden: [
    rule('no-cycles', 'Data walks in one direction.', {}, { circular: true }),
    rule(
      'ground-floor-imports-nothing-above',
      'Values and pure functions know no room.',
      { path: GROUND },
      { path: '^src/', pathNot: GROUND },
    ),
    ...ROOMS.map((room) =>
      rule(
        `${room}-imports-only-the-ground-floor`,
        'Rooms meet in server.ts, nowhere else.',
        { path: `^src/(${room})/` },
        {
          path: '^src/',
          pathNot: [
            GROUND,
            '^src/$1/',
            ...(room.startsWith('apis') ? ['^src/apiserver/api-group\\.ts$'] : []),
          ],
        },
      ),
    ),
    rule(
      'the-simulator-stands-apart',
      'The product never needs it.',
      { path: '^src/', pathNot: '^src/simulator/' },
      { path: '^src/simulator/' },
    ),
    onlyIn('@kubernetes/client-node', '(kube/|simulator/witness\\.ts)'),
    onlyIn('undici', '(kube|simulator)/'),
    onlyIn('express', '(apiserver|simulator)/'),
    onlyIn('lru-cache', 'apiserver/'),
    onlyIn('pino', '(log\\.ts|server\\.ts)'),
    onlyIn('prom-client', '(.+/instruments\\.ts|apiserver/self-metrics\\.ts|server\\.ts)'),
  ],
  options: {
    tsPreCompilationDeps: true, // type-only imports count: a door is a door
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
