import type { FamilyHead, UpstreamFamily } from './own-families.ts';

/** docs/metrics.md. */
export function metricsMarkdown(
  own: readonly FamilyHead[],
  upstream: readonly UpstreamFamily[],
): string {
  const known = new Set(upstream.map(({ name }) => name));
  const served = new Set(own.map(({ name }) => name));
  const groups = GROUPS.map(({ title, text, prefixes }) => {
    const rows = own
      .filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)))
      .map((family) => row(family, known.has(family.name)));
    return `\n## ${title}\n\n${text}\n\n${HEAD}${rows.join('')}`;
  });
  const missing = upstream
    .filter(({ name }) => !served.has(name))
    .map(({ name }) => `| \`${name}\` | ${whyNot(name)} |\n`);
  return `${INTRODUCTION}${groups.join('')}${MISSING_HEAD}${missing.join('')}`;
}

const INTRODUCTION = `# Metrics

Printed from the registry; \`npm run update\` prints it again.

\`GET /metrics\` needs permission to \`get\` the non-resource URL \`/metrics\`, and answers in the text format 0.0.4, in one
exposition. Names, labels, types, buckets and the stability in front of each help text are those of upstream's v0.9.0
wherever upstream has the family too; the words are ours.
`;

const HEAD =
  '| name | type | labels | buckets | meaning | upstream |\n| --- | --- | --- | --- | --- | --- |\n';

interface Group {
  readonly title: string;
  readonly text: string;
  readonly prefixes: readonly string[];
}

export const GROUPS: readonly Group[] = [
  {
    title: 'Figures',
    text: "The label `node` makes 14 series of each node, which is the price of upstream's names: about 1 kB of the page a node. They end with the node. The buckets above 10 s of a round follow `--metric-resolution`; shown are those of 15 s.",
    prefixes: ['metrics_server_'],
  },
  {
    title: 'Requests',
    text: 'As upstream, these count what a handler answered: resources and `/healthz`, `/livez` and `/readyz`; not plain discovery, `/metrics`, unknown paths, nor what was refused before (400 for a bad timeout, 401, 403, 405, and the 406 that lists the available representations). Labels take few values, whatever clients ask.',
    prefixes: ['apiserver_'],
  },
  {
    title: 'Identity and permission',
    text: 'Questions to kube-apiserver are under Requests, as `apiserver_delegated_authn_…` and `apiserver_delegated_authz_…`.',
    prefixes: ['authenticat', 'authoriz'],
  },
  {
    title: 'Calls to kube-apiserver',
    text: 'Scrapes of kubelets are not among them; see Figures.',
    prefixes: ['rest_client_'],
  },
  {
    title: 'The queue of nodes',
    text: 'Upstream shows the queues of its controllers under these names; the only queue here is that of nodes that are due, `name="scrapes"`.',
    prefixes: ['workqueue_'],
  },
  {
    title: 'Process',
    text: 'Under the names of all Prometheus clients. Where the runtime of upstream shows `go_…`, ours shows `nodejs_…`.',
    prefixes: ['process_', 'nodejs_'],
  },
];

function row({ name, type, help, labels, buckets }: FamilyHead, isUpstream: boolean): string {
  const cells = [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    buckets.map((bound) => `${bound}`).join(' '),
    help.replaceAll('|', '\\|').replaceAll('_', '\\_'),
    isUpstream ? 'yes' : 'no',
  ];
  return `| ${cells.join(' | ')} |\n`;
}

const MISSING_HEAD = `
## What upstream shows beyond

\`go_…\`, and these:

| name | why not here |
| --- | --- |
`;

/** By the beginning of a name. */
const REASONS: readonly (readonly [prefix: string, reason: string])[] = [
  ['aggregator_discovery_', 'discovery is put together once and never merged from several servers'],
  ['apiserver_envelope_encryption_', 'nothing is stored, so nothing is encrypted'],
  ['apiserver_storage_', 'nothing is stored'],
  ['apiserver_validation_', 'no objects are written, so none are validated'],
  ['apiserver_webhooks_', 'there are no webhooks'],
  ['cardinality_enforcement_', 'there is no allow-list of label values'],
  ['disabled_metrics_total', 'no metric can be switched off'],
  ['field_validation_', 'no objects are written, so no fields are validated'],
  ['hidden_metrics_total', 'no metric is hidden'],
  ['registered_metrics_total', 'counts the other families'],
  ['rest_client_exec_plugin_', 'exec plugins are for kubeconfigs outside of a cluster'],
  ['rest_client_transport_cert_rotation_', "counts calls of Go's garbage collector"],
];

function whyNot(name: string): string {
  const reason = REASONS.find(([prefix]) => name.startsWith(prefix))?.[1];
  if (reason === undefined) throw new Error(`Cannot tell why "${name}" is missing: give a reason`);
  return reason;
}
