import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { toJsonText } from '../../apimachinery/json-text.ts';
import type { Clock } from '../../clock.ts';
import type { ApiGroup } from '../api-group.ts';
import { JSON_TYPE } from '../answer.ts';
import type { MediaType } from '../encoding/negotiate.ts';
import type { StaticContent } from '../static-content.ts';
import { byName } from './definitions.ts';
import { operationsOf } from './operations.ts';
import { openApiV2 } from './v2.ts';
import { openApiV3 } from './v3.ts';

const TITLE = 'Kubernetes metrics-server';

/** All documents of one state of what is served. */
export interface OpenApiDocuments {
  readonly v2: StaticContent;
  /** Its bytes, compressed. */
  readonly v2Gzip: Buffer;
  /** The root of v3: where each document is, with its hash. */
  readonly v3Index: StaticContent;
  /** By what stands behind `/openapi/v3/` in their paths. */
  readonly v3: ReadonlyMap<string, StaticContent>;
}

export interface OpenApiParts {
  readonly groups: readonly ApiGroup[];
  /** The media types of answers, preferred one first. */
  readonly served: readonly MediaType[];
  /** Our own version. */
  readonly version: string;
  readonly clock: Clock;
}

/**
 * Makes the documents at the first question, and again when the resources are others. They are made of what is served
 * alone, with keys in a fixed order: replicas of one version have the same hashes.
 */
export function openApiDocuments(parts: OpenApiParts): () => OpenApiDocuments {
  let made: { readonly of: string; readonly documents: OpenApiDocuments } | undefined;
  return () => {
    const now = signature(parts.groups);
    if (made?.of !== now) made = { of: now, documents: makeDocuments(parts) };
    return made.documents;
  };
}

/** The hash that a document's tag and its address in the index have in common. */
export function hashOf({ etag }: StaticContent): string {
  return etag.slice(1, -1);
}

export function addressOf(document: string, content: StaticContent): string {
  return `/openapi/v3/${document}?hash=${hashOf(content)}`;
}

/** What of the resources the documents depend on. */
function signature(groups: readonly ApiGroup[]): string {
  return JSON.stringify(
    groups.map(({ name, versions }) => [
      name,
      versions.map((version) => [
        version.name,
        version
          .resources()
          .map((resource) => [
            resource.name,
            resource.kind,
            resource.listKind,
            resource.namespaced,
            resource.schema?.package,
          ]),
      ]),
    ]),
  );
}

function makeDocuments({ groups, served, version, clock }: OpenApiParts): OpenApiDocuments {
  const modifiedMs = clock.nowMs();
  const info = { title: TITLE, version: shortVersion(version) };
  const operations = operationsOf(groups, served);
  const byDocument = Map.groupBy(operations, ({ document }) => document);
  const v3 = [...byDocument].map(
    ([document, members]) => [document, contentOf(openApiV3(members, info), modifiedMs)] as const,
  );
  const paths = v3.map(
    ([document, content]) =>
      [document, { serverRelativeURL: addressOf(document, content) }] as const,
  );
  const v2 = contentOf(openApiV2(operations, info), modifiedMs);
  return {
    v2,
    v2Gzip: gzipSync(v2.bytes),
    v3Index: contentOf({ paths: byName(paths) }, modifiedMs),
    v3: new Map(v3),
  };
}

/** Without what comes after the numbers: `v0.9.0` for `0.9.0-rc.1`. */
function shortVersion(version: string): string {
  return `v${version.replace(/^v/, '').replace(/-.*$/, '')}`;
}

function contentOf(document: object, modifiedMs: number): StaticContent {
  const bytes = Buffer.from(toJsonText(document), 'utf8');
  const hash = createHash('sha512').update(bytes).digest('hex').toUpperCase();
  return { bytes, contentType: JSON_TYPE, etag: `"${hash}"`, modifiedMs };
}
