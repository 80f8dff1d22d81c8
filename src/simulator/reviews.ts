import type { IncomingMessage } from 'node:http';
import { goQuote } from '../apimachinery/go-quote.ts';
import {
  StatusError,
  badRequest,
  invalid,
  notFound,
  routeNotFound,
} from '../apimachinery/status-error.ts';
import { formatTimestamp } from '../apimachinery/timestamp.ts';
import type { Clock } from '../clock.ts';
import type { ApiRequest } from './api-request.ts';
import { readBody } from './backend.ts';
import { ISSUER, type Identities, type TokenVerdict } from './identities.ts';
import { textAt, textsAt, valueAt } from './kube-object.ts';
import type { ObjectStore } from './objects.ts';
import type { AccessAttributes, PolicyRule, RbacAuthorizer } from './rbac.ts';
import { SERVICE_ACCOUNTS } from './resource-type.ts';
import { decodeReview } from './review-protobuf.ts';
import { type UserInfo, authenticated, userInfo } from './user-info.ts';

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
/** As kube-apiserver's limit for a request. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** Lifetime of a token when the request names none, and the shortest that may be asked for, in seconds. */
const DEFAULT_TOKEN_SECONDS = 3600;
const SHORTEST_TOKEN_SECONDS = 600;

export interface ReviewContext {
  readonly identities: Identities;
  readonly judgeToken: (token: string) => TokenVerdict;
  readonly authorizer: RbacAuthorizer;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

/** Reads the object of a create request, JSON or protobuf. @throws StatusError 400, 413 or 415. */
export async function readObject(request: IncomingMessage): Promise<unknown> {
  const type = (request.headers['content-type'] ?? JSON_TYPE).split(';')[0]?.trim();
  if (type !== JSON_TYPE && type !== PROTOBUF_TYPE) {
    const message = `the body of the request was in an unknown format - accepted media types include: ${JSON_TYPE}, ${PROTOBUF_TYPE}`;
    throw new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
  }
  const body = await readLimited(request);
  if (type === PROTOBUF_TYPE) return decodeReview(body);
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw badRequest(`Cannot read the object: ${error instanceof Error ? error.message : ''}`);
  }
}

async function readLimited(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(request, MAX_BODY_BYTES);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `Request entity too large: limit is ${MAX_BODY_BYTES}`;
    throw new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message });
  }
}

/** Answers the questions that are asked by creating an object. Nothing of them is kept. */
export function answerReview(
  request: ApiRequest,
  object: unknown,
  caller: UserInfo,
  context: ReviewContext,
): object {
  const { group, version, resource, subresource } = request;
  if (version !== 'v1') throw routeNotFound();
  switch (`${group}/${resource}${subresource === '' ? '' : `/${subresource}`}`) {
    case 'authentication.k8s.io/tokenreviews':
      return review(object, 'TokenReview', group, tokenStatus(object, context));
    case 'authentication.k8s.io/selfsubjectreviews':
      return review(object, 'SelfSubjectReview', group, { userInfo: toReviewUser(caller) });
    case 'authorization.k8s.io/subjectaccessreviews':
      return review(
        object,
        'SubjectAccessReview',
        group,
        accessStatus(object, subject(object), context),
      );
    case 'authorization.k8s.io/localsubjectaccessreviews':
      return review(
        object,
        'LocalSubjectAccessReview',
        group,
        accessStatus(object, subject(object), context),
      );
    case 'authorization.k8s.io/selfsubjectaccessreviews':
      return review(
        object,
        'SelfSubjectAccessReview',
        group,
        accessStatus(object, caller, context),
      );
    case 'authorization.k8s.io/selfsubjectrulesreviews':
      return review(object, 'SelfSubjectRulesReview', group, rulesStatus(object, caller, context));
    case '/serviceaccounts/token':
      return review(
        object,
        'TokenRequest',
        'authentication.k8s.io',
        grantToken(request, object, context),
      );
    default:
      throw routeNotFound();
  }
}

function review(object: unknown, kind: string, group: string, status: object): object {
  const metadata = valueAt(object, 'metadata') ?? {};
  return {
    kind,
    apiVersion: `${group}/v1`,
    metadata: { ...metadata, creationTimestamp: null },
    spec: valueAt(object, 'spec') ?? {},
    status,
  };
}

function tokenStatus(object: unknown, { judgeToken }: ReviewContext): object {
  const token = textAt(object, 'spec', 'token');
  if (token === '') {
    const message = 'Required value: must be specified';
    throw invalid('authentication.k8s.io', 'TokenReview', '', [
      { reason: 'FieldValueRequired', message, field: 'spec.token' },
    ]);
  }
  const verdict = judgeToken(token);
  if (verdict.user) {
    const wanted = textsAt(object, 'spec', 'audiences');
    const audiences = wanted.length === 0 ? [ISSUER] : wanted.filter((name) => name === ISSUER);
    if (audiences.length === 0) {
      const error = `[invalid bearer token, token audiences [${goQuote(ISSUER)}] is invalid for the target audiences [${wanted.map(goQuote).join(' ')}]]`;
      return { user: {}, error };
    }
    const user = toReviewUser(authenticated(verdict.user));
    return { authenticated: true, user, audiences };
  }
  return { user: {}, ...(verdict.error !== '' && { error: verdict.error }) };
}

function accessStatus(object: unknown, user: UserInfo, { authorizer }: ReviewContext): object {
  const { allowed, reason } = authorizer.authorize(user, attributesOf(object));
  return { allowed, ...(reason !== '' && { reason }) };
}

function rulesStatus(object: unknown, caller: UserInfo, { authorizer }: ReviewContext): object {
  const namespace = textAt(object, 'spec', 'namespace');
  if (namespace === '') throw badRequest('no namespace on request');
  const rules = authorizer.rulesOf(caller, namespace);
  return {
    resourceRules: rules.filter(({ resources }) => resources.length > 0).map(toResourceRule),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}

function toResourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule): object {
  return { verbs, apiGroups, resources, ...(resourceNames.length > 0 && { resourceNames }) };
}

function grantToken(
  { namespace, name }: ApiRequest,
  object: unknown,
  { objects, identities, clock }: ReviewContext,
): object {
  const account = objects.get(SERVICE_ACCOUNTS, namespace, name);
  if (!account) throw notFound('', 'serviceaccounts', name);
  const wanted = Number(valueAt(object, 'spec', 'expirationSeconds') ?? DEFAULT_TOKEN_SECONDS);
  if (!(wanted >= SHORTEST_TOKEN_SECONDS)) {
    const message = `Invalid value: ${wanted}: may not specify a duration less than 10 minutes`;
    throw invalid('authentication.k8s.io', 'TokenRequest', '', [
      { reason: 'FieldValueInvalid', message, field: 'spec.expirationSeconds' },
    ]);
  }
  const uid = account.metadata.uid ?? '';
  const token = identities.serviceAccountToken({ namespace, name, uid }, wanted);
  return { token, expirationTimestamp: formatTimestamp(clock.nowMs() + wanted * 1000) };
}

/** The user that a SubjectAccessReview asks about. */
function subject(object: unknown): UserInfo {
  const extra = Object.entries(valueAt(object, 'spec', 'extra') ?? {}).map(
    ([key]) => [key, textsAt(object, 'spec', 'extra', key)] as const,
  );
  const name = textAt(object, 'spec', 'user');
  const groups = textsAt(object, 'spec', 'groups');
  if (name === '' && groups.length === 0) {
    throw refusedReview('at least one of user or group must be specified', 'spec.user');
  }
  return userInfo(name, groups, { uid: textAt(object, 'spec', 'uid'), extra: new Map(extra) });
}

function attributesOf(object: unknown): AccessAttributes {
  const resource = valueAt(object, 'spec', 'resourceAttributes');
  const nonResource = valueAt(object, 'spec', 'nonResourceAttributes');
  if ((resource === undefined) === (nonResource === undefined)) {
    const message = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw refusedReview(message, 'spec.resourceAttributes');
  }
  return {
    isResource: resource !== undefined,
    verb: textAt(resource ?? nonResource, 'verb'),
    path: textAt(nonResource, 'path'),
    group: textAt(resource, 'group'),
    resource: textAt(resource, 'resource'),
    subresource: textAt(resource, 'subresource'),
    namespace: textAt(resource, 'namespace'),
    name: textAt(resource, 'name'),
  };
}

function refusedReview(message: string, field: string): StatusError {
  return invalid('authorization.k8s.io', 'SubjectAccessReview', '', [
    { reason: 'FieldValueInvalid', message: `Invalid value: ${message}`, field },
  ]);
}

function toReviewUser({ name, uid, groups, extra }: UserInfo): object {
  return {
    username: name,
    ...(uid !== '' && { uid }),
    groups,
    ...(extra.size > 0 && { extra: Object.fromEntries(extra) }),
  };
}
