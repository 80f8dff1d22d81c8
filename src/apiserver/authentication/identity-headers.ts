import type { IncomingMessage } from 'node:http';
import type { RequestHeaderNames } from './trust.ts';

const STANDARD: RequestHeaderNames = {
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

/**
 * Removes what said who asks, once that is known: nothing behind this point may read a token, log it,
 * or believe a forged name (contract 6.5, T-11). `configured` are the names in use besides the standard ones.
 */
export function removeIdentityHeaders(
  request: IncomingMessage,
  configured: RequestHeaderNames | undefined,
): void {
  removeHeaders(request, configured ? testFor(configured) : isStandard);
}

/** Takes header lines off a request, in all three forms in which Node shows them. */
export function removeHeaders(
  request: IncomingMessage,
  isRemoved: (lowerCaseName: string) => boolean,
): void {
  if (!hasHeader(request.rawHeaders, isRemoved)) return;
  // Both objects are made from rawHeaders at their first reading, which therefore comes before the removal.
  const { headers, headersDistinct, rawHeaders } = request;
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    if (isRemoved(name.toLowerCase())) {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- Node's own object, keyed by header name
      delete headers[name.toLowerCase()];
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the same
      delete headersDistinct[name.toLowerCase()];
    } else kept.push(name, value);
  }
  rawHeaders.splice(0, rawHeaders.length, ...kept);
}

/** Whether any line of Node's `rawHeaders` has a wanted name. */
export function hasHeader(
  rawHeaders: readonly string[],
  isWanted: (lowerCaseName: string) => boolean,
): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (isWanted((rawHeaders[index] ?? '').toLowerCase())) return true;
  }
  return false;
}

function identityTest(all: readonly RequestHeaderNames[]): (lowerCaseName: string) => boolean {
  const names = new Set(['authorization']);
  const prefixes: string[] = [];
  for (const { usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes } of all) {
    for (const name of [...usernameHeaders, ...uidHeaders, ...groupHeaders]) {
      names.add(name.toLowerCase());
    }
    prefixes.push(...extraHeaderPrefixes.map((prefix) => prefix.toLowerCase()));
  }
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

const isStandard = identityTest([STANDARD]);
/** One for each object of configured names: those change only when the cluster's configuration does. */
const tests = new WeakMap<RequestHeaderNames, typeof isStandard>();

function testFor(configured: RequestHeaderNames): typeof isStandard {
  let test = tests.get(configured);
  if (test === undefined) {
    test = identityTest([STANDARD, configured]);
    tests.set(configured, test);
  }
  return test;
}
