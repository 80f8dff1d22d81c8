import { INITIAL_EVENTS_END } from './initial-events-end.ts';
import { malformedProtobuf, ProtobufFields } from './protobuf-fields.ts';

/** What every document of Kubernetes in protobuf begins with; an Unknown (apimachinery, pkg/runtime/generated.proto) follows. */
const MAGIC = 'k8s\0';
/** Values of annotations can be as large as whole manifests: these are read. */
const READ_ANNOTATIONS: ReadonlySet<string> = new Set([
  'kubernetes.io/config.mirror',
  INITIAL_EVENTS_END,
]);

export function isProtobufDocument(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, MAGIC.length) === MAGIC;
}

/**
 * A document as it would be read from JSON: a Status, or the metadata of anything else that came as
 * PartialObjectMetadata. Of metadata only what somebody here reads: names, uid, version, labels, two annotations.
 *
 * @throws KubeError `malformed`
 */
export function readProtobufDocument(bytes: Buffer): object {
  if (!isProtobufDocument(bytes)) throw malformedProtobuf('it does not begin with "k8s"');
  const envelope = new ProtobufFields(bytes, MAGIC.length);
  let kind = '';
  let raw: ProtobufFields | undefined;
  while (envelope.next()) {
    if (envelope.number === 1) kind = textOfField(envelope.message(), 2);
    else if (envelope.number === 2) raw = envelope.message();
  }
  if (!raw) throw malformedProtobuf('it holds no object');
  if (kind === 'Status') return readStatus(raw);
  if (kind !== 'PartialObjectMetadata') throw malformedProtobuf(`unexpected kind "${kind}"`);
  return readPartialObject(raw);
}

/** One PartialObjectMetadata (apimachinery, pkg/apis/meta/v1/generated.proto). */
export function readPartialObject(object: ProtobufFields): object {
  let metadata: object | undefined;
  while (object.next()) if (object.number === 1) metadata = readMetadata(object.message());
  return { metadata };
}

function readMetadata(fields: ProtobufFields): object {
  const metadata = { name: '', namespace: '', uid: '', resourceVersion: '' };
  const labels: [string, string][] = [];
  const annotations: [string, string][] = [];
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        metadata.name = fields.text();
        break;
      case 3:
        metadata.namespace = fields.text();
        break;
      case 5:
        metadata.uid = fields.text();
        break;
      case 6:
        metadata.resourceVersion = fields.text();
        break;
      case 11:
        labels.push(readEntry(fields.message()));
        break;
      case 12:
        if (READ_ANNOTATIONS.has(textOfField(fields.message(), 1))) {
          annotations.push(readEntry(fields.message()));
        }
        break;
    }
  }
  return {
    ...metadata,
    labels: Object.fromEntries(labels),
    annotations: Object.fromEntries(annotations),
  };
}

function readEntry(entry: ProtobufFields): [string, string] {
  let key = '';
  let value = '';
  while (entry.next()) {
    if (entry.number === 1) key = entry.text();
    else if (entry.number === 2) value = entry.text();
  }
  return [key, value];
}

function readStatus(fields: ProtobufFields): object {
  const status = { kind: 'Status', message: '', reason: '', code: 0, details: {} };
  while (fields.next()) {
    if (fields.number === 3) status.message = fields.text();
    else if (fields.number === 4) status.reason = fields.text();
    else if (fields.number === 6) status.code = fields.value;
    else if (fields.number === 5) status.details = readDetails(fields.message());
  }
  return status;
}

function readDetails(fields: ProtobufFields): object {
  const details = { retryAfterSeconds: 0 };
  while (fields.next()) if (fields.number === 5) details.retryAfterSeconds = fields.value;
  return details;
}

/** The last field of that number as text; '' without one. */
function textOfField(fields: ProtobufFields, number: number): string {
  let text = '';
  while (fields.next()) if (fields.number === number) text = fields.text();
  return text;
}
