import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { resourceMetricsInstruments } from '../../src/apis/metrics/instruments.ts';
import { authenticationInstruments } from '../../src/apiserver/authentication/instruments.ts';
import { authorizationInstruments } from '../../src/apiserver/authorization/instruments.ts';
import { impersonationInstruments } from '../../src/apiserver/impersonation/instruments.ts';
import {
  handshakeErrorCounter,
  refusedListCounter,
  requestInstruments,
} from '../../src/apiserver/instruments.ts';
import { registerProcessMetrics } from '../../src/apiserver/self-metrics.ts';
import { systemClock } from '../../src/clock.ts';
import { kubeInstruments } from '../../src/kube/instruments.ts';
import { kubeletInstruments } from '../../src/kubelet/instruments.ts';
import { scraperInstruments } from '../../src/scraper/instruments.ts';
import { storageInstruments } from '../../src/storage/instruments.ts';

/** A family of metrics, without its samples. */
export interface FamilyHead {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, ascending and without the last, which has none. */
  readonly buckets: readonly number[];
}

/** What prom-client 15.1 keeps in its metrics without saying so in its types. */
interface Kept {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
  readonly upperBounds?: readonly number[];
}

const RESOLUTION_MS = 15_000;

/** Every family of this server, from every room, by name (test/integration/self-metrics.test.ts sees to it that none is missing). */
export function ownFamilies(): FamilyHead[] {
  const registry = new Registry();
  registerProcessMetrics(registry);
  requestInstruments(registry, () => ({ readOnly: 0, mutating: 0 }));
  handshakeErrorCounter(registry);
  refusedListCounter(registry);
  impersonationInstruments(registry);
  authenticationInstruments(registry);
  authorizationInstruments(registry);
  kubeInstruments(registry);
  kubeletInstruments(registry);
  scraperInstruments(registry, RESOLUTION_MS, systemClock);
  storageInstruments(registry);
  resourceMetricsInstruments(registry);
  return (registry.getMetricsAsArray() as unknown as Kept[])
    .map(({ name, type, help, labelNames, upperBounds = [] }) => {
      return { name, type, help, labels: [...labelNames].sort(), buckets: upperBounds };
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** A family as the Go server of v0.9.0 showed it. Labels are those that were seen. */
export interface UpstreamFamily {
  readonly name: string;
  readonly type: string;
  /** `ALPHA`, `BETA`, `STABLE`, or '' where its help does not say. */
  readonly stability: string;
  readonly labels: readonly string[];
  /** As they are spelled. */
  readonly buckets?: readonly string[];
}

/** All of the Go server's families but `go_*`, by name. */
export function upstreamFamilies(): UpstreamFamily[] {
  const file = new URL('../fixtures/apiserver/upstream-families.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as UpstreamFamily[];
}
