import type { RequestOptions } from 'node:https';
import { ApiException, CoreV1Api, KubeConfig, Metrics } from '@kubernetes/client-node';
import { Agent } from 'undici';
import { quantityNumber } from './quantity-number.ts';
import type { NodeFigures, PodFigures, TopFigures } from './top-tables.ts';

type SecurityContext = Parameters<KubeConfig['applySecurityAuthentication']>[0];

export type TopAnswer =
  { readonly figures: TopFigures } | { readonly figures?: undefined; readonly problem: string };

/**
 * An outside witness of what the metrics server serves: the official client, with nothing but a
 * kubeconfig, through the kube-apiserver and its aggregator.
 */
export class Witness implements AsyncDisposable {
  private readonly config: OneConnectionKubeConfig;
  private readonly metrics: Metrics;
  private readonly core: CoreV1Api;
  private capacities = new Map<string, Capacity>();

  constructor(kubeconfigFile: string) {
    this.config = new OneConnectionKubeConfig();
    this.config.loadFromFile(kubeconfigFile);
    this.metrics = new Metrics(this.config);
    this.core = this.config.makeApiClient(CoreV1Api);
  }

  /** Asks for all figures; the problem is what the API answered instead. */
  async top(): Promise<TopAnswer> {
    try {
      const [nodes, pods] = await Promise.all([
        this.metrics.getNodeMetrics(),
        this.metrics.getPodMetrics(),
      ]);
      if (nodes.items.some(({ metadata }) => !this.capacities.has(metadata.name))) {
        await this.learnCapacities();
      }
      return {
        figures: {
          nodes: nodes.items.map((item) => this.nodeFigures(item)),
          pods: pods.items.map(podFigures),
        },
      };
    } catch (error) {
      if (error instanceof ApiException) return { problem: messageOf(error) };
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.config[Symbol.asyncDispose]();
  }

  private async learnCapacities(): Promise<void> {
    const { items } = await this.core.listNode();
    this.capacities = new Map(
      items.map(({ metadata, status }) => [
        metadata?.name ?? '',
        {
          cpuCores: scalar(status?.allocatable?.['cpu']),
          memoryBytes: scalar(status?.allocatable?.['memory']),
        },
      ]),
    );
  }

  private nodeFigures({ metadata, timestamp, usage }: NodeItem): NodeFigures {
    const cpuCores = scalar(usage.cpu);
    const memoryBytes = scalar(usage.memory);
    const capacity = this.capacities.get(metadata.name);
    return {
      name: metadata.name,
      cpuCores,
      memoryBytes,
      cpuShare: cpuCores / (capacity?.cpuCores ?? Number.NaN),
      memoryShare: memoryBytes / (capacity?.memoryBytes ?? Number.NaN),
      timestampMs: Date.parse(timestamp),
    };
  }
}

/** The client's messages have a line each for status, message, body and headers. */
function messageOf({ code, message }: ApiException<unknown>): string {
  const [, text = message] = /^Message: (.*)$/m.exec(message) ?? [];
  return `${code}: ${text}`;
}

interface Capacity {
  readonly cpuCores: number;
  readonly memoryBytes: number;
}

type NodeItem = Awaited<ReturnType<Metrics['getNodeMetrics']>>['items'][number];
type PodItem = Awaited<ReturnType<Metrics['getPodMetrics']>>['items'][number];

function podFigures({ metadata, containers }: PodItem): PodFigures {
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    cpuCores: containers.reduce((sum, { usage }) => sum + scalar(usage.cpu), 0),
    memoryBytes: containers.reduce((sum, { usage }) => sum + scalar(usage.memory), 0),
  };
}

function scalar(quantity: string | undefined): number {
  return quantity === undefined ? Number.NaN : quantityNumber(quantity);
}

/** The client makes a new connection for each call and leaves it open; this one lends it always the same. */
class OneConnectionKubeConfig extends KubeConfig implements AsyncDisposable {
  private lent: Agent | undefined;

  override async applySecurityAuthentication(context: SecurityContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    this.lent ??= await this.openAgent();
    context.setDispatcher(this.lent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lent?.destroy();
  }

  private async openAgent(): Promise<Agent> {
    const options: RequestOptions = {};
    await this.applyToHTTPSOptions(options);
    const { ca, cert, key } = options;
    return new Agent({ connections: 4, keepAliveTimeout: 60_000, connect: { ca, cert, key } });
  }
}
