/**
 * Writes `messages.json`: names, numbers and types of the messages that we send, and of all that they are made
 * of, read from the definitions that Kubernetes publishes.
 *
 *     go mod download k8s.io/api@v0.36.3 k8s.io/apimachinery@v0.36.3 k8s.io/metrics@v0.36.3
 *     node test/protobuf/update.ts "$(go env GOMODCACHE)" v0.36.3
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { format } from 'prettier';

const ROOTS = [
  'k8s.io.metrics.pkg.apis.metrics.v1beta1.NodeMetricsList',
  'k8s.io.metrics.pkg.apis.metrics.v1beta1.PodMetricsList',
  'k8s.io.apimachinery.pkg.runtime.Unknown',
  'k8s.io.apimachinery.pkg.apis.meta.v1.Status',
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIGroupList',
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIResourceList',
  'k8s.io.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList',
  'k8s.io.apimachinery.pkg.apis.meta.v1beta1.PartialObjectMetadataList',
  'k8s.io.api.apidiscovery.v2.APIGroupDiscoveryList',
];

const [modules, version] = process.argv.slice(2);
if (modules === undefined || version === undefined) {
  throw new Error('Usage: node test/protobuf/update.ts GO_MODULE_CACHE VERSION');
}

const root = new protobuf.Root();
const read = new Set<string>();
for (const name of ROOTS) readPackage(name.split('.').slice(0, -1));
root.resolveAll();

const messages = new Map<string, object>();
for (const name of ROOTS) describe(root.lookupType(name));

const sorted = [...messages].sort(([left], [right]) => (left < right ? -1 : 1));
const text = JSON.stringify({ version, messages: Object.fromEntries(sorted) });
const target = new URL('messages.json', import.meta.url);
writeFileSync(target, await format(text, { parser: 'json', printWidth: 100 }));

/** `k8s.io.api.apidiscovery.v2` is the folder `k8s.io/api@VERSION/apidiscovery/v2`. */
function readPackage([, , module = '', ...folders]: readonly string[]): void {
  readFile(['k8s.io', module, ...folders, 'generated.proto'].join('/'));
}

function readFile(path: string): void {
  if (read.has(path)) return;
  read.add(path);
  const [host = '', module = '', ...rest] = path.split('/');
  const file = join(String(modules), host, `${module}@${String(version)}`, ...rest);
  const { imports = [] } = protobuf.parse(readFileSync(file, 'utf8'), root, { keepCase: true });
  for (const imported of imports) readFile(imported);
}

/** One message as `{ field: [number, type] }`, and after it those that it is made of. */
function describe(type: protobuf.Type): void {
  const name = type.fullName.slice(1);
  if (messages.has(name)) return;
  messages.set(
    name,
    Object.fromEntries(type.fieldsArray.map((field) => [field.name, [field.id, typeOf(field)]])),
  );
  for (const { resolvedType } of type.fieldsArray) {
    if (resolvedType instanceof protobuf.Type) describe(resolvedType);
  }
}

/** As it stands in a definition: `string`, `repeated NAME`, `map<string, NAME>`. */
function typeOf(field: protobuf.Field): string {
  const type = field.resolvedType ? field.resolvedType.fullName.slice(1) : field.type;
  if (field instanceof protobuf.MapField) return `map<${field.keyType}, ${type}>`;
  return field.repeated ? `repeated ${type}` : type;
}
