import { ProtobufWriter } from '../../apimachinery/protobuf-writer.ts';
import type { Status, StatusDetails } from '../../apimachinery/status-error.ts';
import type {
  ApiDocument,
  ApiGroupDiscovery,
  ApiGroupDiscoveryList,
  ApiGroupEntry,
  ApiGroupList,
  ApiResourceDiscovery,
  ApiResourceList,
  GroupVersionForDiscovery,
  ResponseKind,
} from './documents.ts';
import { WHOLE_LIST } from './list-meta.ts';
import { listMetaMessage, nameOnlyMessage } from './protobuf-meta.ts';
import { protobufEnvelope } from './protobuf-envelope.ts';

/**
 * The documents of meta/v1 (apimachinery/pkg/apis/meta/v1/generated.proto) and of apidiscovery.k8s.io/v2
 * (api/apidiscovery/v2/generated.proto).
 */
export function protobufDocument(document: ApiDocument): Buffer {
  switch (document.kind) {
    case 'Status':
      return protobufEnvelope('v1', document.kind, statusMessage(document));
    case 'APIGroupList':
      // It has no version, in JSON neither.
      return protobufEnvelope('', document.kind, groupListMessage(document));
    case 'APIGroup':
      return protobufEnvelope('v1', document.kind, groupMessage(document));
    case 'APIResourceList':
      return protobufEnvelope('v1', document.kind, resourceListMessage(document));
    case 'APIGroupDiscoveryList':
      return protobufEnvelope(document.apiVersion, document.kind, discoveryMessage(document));
  }
}

function statusMessage({ status, message, reason, details, code }: Status): ProtobufWriter {
  const writer = new ProtobufWriter()
    .message(1, listMetaMessage(WHOLE_LIST))
    .string(2, status)
    .string(3, message ?? '')
    .string(4, reason ?? '');
  if (details) writer.message(5, detailsMessage(details));
  return writer.integer(6, code);
}

function detailsMessage(details: StatusDetails): ProtobufWriter {
  const { name = '', group = '', kind = '', uid = '', causes = [] } = details;
  const writer = new ProtobufWriter().string(1, name).string(2, group).string(3, kind);
  for (const { reason = '', message = '', field = '' } of causes) {
    const cause = new ProtobufWriter().string(1, reason).string(2, message).string(3, field);
    writer.message(4, cause);
  }
  return writer.integer(5, details.retryAfterSeconds ?? 0).string(6, uid);
}

function groupListMessage({ groups }: ApiGroupList): ProtobufWriter {
  return groups.reduce(
    (writer, group) => writer.message(1, groupMessage(group)),
    new ProtobufWriter(),
  );
}

function groupMessage(group: ApiGroupEntry): ProtobufWriter {
  const { name, versions, preferredVersion, serverAddressByClientCIDRs = [] } = group;
  const writer = new ProtobufWriter().string(1, name);
  for (const version of versions) writer.message(2, versionMessage(version));
  writer.message(3, versionMessage(preferredVersion));
  for (const { clientCIDR, serverAddress } of serverAddressByClientCIDRs) {
    writer.message(4, new ProtobufWriter().string(1, clientCIDR).string(2, serverAddress));
  }
  return writer;
}

function versionMessage(of: GroupVersionForDiscovery | undefined): ProtobufWriter {
  return new ProtobufWriter().string(1, of?.groupVersion ?? '').string(2, of?.version ?? '');
}

function resourceListMessage({ groupVersion, resources }: ApiResourceList): ProtobufWriter {
  const writer = new ProtobufWriter().string(1, groupVersion);
  for (const { name, namespaced, kind, verbs, singularName } of resources) {
    const verbList = verbs.reduce((list, verb) => list.string(1, verb), new ProtobufWriter());
    const resource = new ProtobufWriter()
      .string(1, name)
      .boolean(2, namespaced)
      .string(3, kind)
      .message(4, verbList)
      .string(6, singularName)
      .string(8, '') // group and version of the document
      .string(9, '')
      .string(10, ''); // no hash of a storage version
    writer.message(2, resource);
  }
  return writer;
}

function discoveryMessage({ items }: ApiGroupDiscoveryList): ProtobufWriter {
  const writer = new ProtobufWriter().message(1, listMetaMessage(WHOLE_LIST));
  for (const group of items) writer.message(2, groupDiscoveryMessage(group));
  return writer;
}

function groupDiscoveryMessage({ metadata, versions }: ApiGroupDiscovery): ProtobufWriter {
  const writer = new ProtobufWriter().message(1, nameOnlyMessage(metadata.name));
  for (const { version, resources = [], freshness } of versions) {
    const message = new ProtobufWriter().string(1, version);
    for (const resource of resources) message.message(2, resourceDiscoveryMessage(resource));
    writer.message(2, message.string(3, freshness));
  }
  return writer;
}

function resourceDiscoveryMessage(of: ApiResourceDiscovery): ProtobufWriter {
  const { resource, responseKind, scope, singularResource, verbs, subresources = [] } = of;
  const writer = new ProtobufWriter()
    .string(1, resource)
    .message(2, responseKindMessage(responseKind))
    .string(3, scope)
    .string(4, singularResource);
  for (const verb of verbs) writer.string(5, verb);
  for (const child of subresources) {
    const message = new ProtobufWriter()
      .string(1, child.subresource)
      .message(2, responseKindMessage(child.responseKind));
    for (const verb of child.verbs) message.string(4, verb);
    writer.message(8, message);
  }
  return writer;
}

function responseKindMessage({ group, version, kind }: ResponseKind): ProtobufWriter {
  return new ProtobufWriter().string(1, group).string(2, version).string(3, kind);
}
