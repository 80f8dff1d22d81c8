import type { ServerResponse } from 'node:http';
import type { Answer, Seen } from './api-server.ts';

export type EventLine = readonly [type: string, object: object];

/** A thing as small as an object of Kubernetes can be. */
export function thing(name: string, resourceVersion: number, value = ''): object {
  return { metadata: { name, resourceVersion: String(resourceVersion) }, value };
}

export function added(name: string, resourceVersion: number, value = ''): EventLine {
  return ['ADDED', thing(name, resourceVersion, value)];
}

export function bookmark(resourceVersion: number): EventLine {
  return ['BOOKMARK', { metadata: { resourceVersion: String(resourceVersion) } }];
}

/** The bookmark after which a streamed list is whole. */
export function listEnd(resourceVersion: number): EventLine {
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  return ['BOOKMARK', { metadata: { resourceVersion: String(resourceVersion), annotations } }];
}

export function expired(): EventLine {
  return ['ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old version' }];
}

export function eventText(events: readonly EventLine[]): string {
  return events.map(([type, object]) => `${JSON.stringify({ type, object })}\n`).join('');
}

/** Starts a watch with these events and leaves it open. */
export function openWatch(response: ServerResponse, ...events: readonly EventLine[]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  response.write(eventText(events));
}

/** The answers in this order, one a request; what comes after the last is left without an answer. */
export function inOrder(...answers: readonly Answer[]): Answer {
  let next = 0;
  return (request, response) => answers[next++]?.(request, response);
}

/** The query as the server got it, without what changes from call to call. */
export function queryOf({ query }: Seen): Record<string, string> {
  return Object.fromEntries([...query].filter(([name]) => name !== 'timeoutSeconds'));
}
