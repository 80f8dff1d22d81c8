import { Registry } from 'prom-client';
import { kubeletInstruments } from '../../src/kubelet/instruments.ts';
import { KubeletClient } from '../../src/kubelet/kubelet-client.ts';
import { Names } from '../../src/kubelet/names.ts';
import type { KubeletClientConfig, KubeletCredentials } from '../../src/kubelet/kubelet-client.ts';
import { FakeClock } from './fake-clock.ts';
import { LogRecorder } from './log-recorder.ts';

interface Changes {
  readonly config?: Partial<KubeletClientConfig>;
  readonly credentials?: Partial<KubeletCredentials>;
  readonly readFile?: (path: string) => Promise<string>;
}

export interface ClientHarness {
  readonly client: KubeletClient;
  readonly log: LogRecorder;
  readonly clock: FakeClock;
  readonly registry: Registry;
  /** The values of metrics_server_kubelet_request_total. */
  readonly counted: () => Promise<Record<string, number>>;
}

/** A client with what the rooms around it would give it. */
export async function openClient(
  caPem: string | undefined,
  changes: Changes = {},
): Promise<ClientHarness> {
  const log = new LogRecorder();
  const clock = new FakeClock();
  const registry = new Registry();
  const client = await KubeletClient.open({
    config: {
      source: 'auto',
      addressTypes: ['InternalIP'],
      port: 1,
      useNodeStatusPort: true,
      requestTimeoutMs: 200,
      maxResponseBytes: 32 * 1024 * 1024,
      insecureTls: false,
      caFile: '',
      clientCertFile: '',
      clientKeyFile: '',
      plainHttp: false,
      ...changes.config,
    },
    names: new Names(),
    credentials: withChanges(
      {
        ca: caPem,
        insecureSkipTlsVerify: false,
        clientCertificate: undefined,
        token: () => Promise.resolve('secret-token'),
        refreshToken: () => undefined,
      },
      changes.credentials,
    ),
    userAgent: 'metrics-server/1 (linux/amd64) test',
    readFile: changes.readFile ?? ((path) => Promise.reject(new Error(`not expected: ${path}`))),
    instruments: kubeletInstruments(registry),
    clock,
    log,
  });
  return {
    client,
    log,
    clock,
    registry,
    async counted() {
      const metric = await registry.getSingleMetric('metrics_server_kubelet_request_total')?.get();
      return Object.fromEntries(
        metric?.values.map(({ labels, value }) => [String(labels['success']), value]) ?? [],
      );
    },
  };
}

/** Keeps getters, which follow what changes later. */
function withChanges<Value extends object>(value: Value, changes: Partial<Value> = {}): Value {
  return Object.defineProperties(value, Object.getOwnPropertyDescriptors(changes));
}

/** A deadline as the scraper sets one; unless told, one that nothing of what is tested reaches. */
export function deadline(ms = 20_000): AbortSignal {
  return AbortSignal.timeout(ms);
}
