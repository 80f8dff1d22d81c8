import type { Changes } from './churn.ts';

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The first line of the soak's cluster. */
export interface SoakAddress {
  /** Of its kube-apiserver on 127.0.0.1, and the PEM of whom to trust there and at the kubelets. */
  readonly port: number;
  readonly ca: string;
  readonly kubeletCa: string;
  /** Of the metrics server's service account, and a kubeconfig with it. */
  readonly token: string;
  readonly kubeconfig: string;
  /** A member of system:masters, and whom the metrics server believes about others. */
  readonly admin: Certificate;
  readonly frontProxy: Certificate;
  readonly handOverPort: number;
}

/** Every few seconds. */
export interface ClusterLine {
  readonly changes: Changes;
  /** When the kube-apiserver broke its connections last, ms since the epoch; 0: never. */
  readonly lastResetMs: number;
  /** New ones, that end within seconds. */
  readonly tokens: readonly string[];
  /** Some that exist now, as `namespace/name`. */
  readonly pods: readonly string[];
  readonly nodes: number;
  readonly podCount: number;
}
