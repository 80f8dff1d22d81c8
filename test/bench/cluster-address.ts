import type { Selected } from './bench-world.ts';

/** What a simulated cluster says of itself to whoever started it. */
export interface ClusterAddress {
  /** Of its kube-apiserver on 127.0.0.1, and the PEM of whom to trust there and at the kubelets. */
  readonly port: number;
  readonly ca: string;
  readonly kubeletCa: string;
  /** Of the metrics server's service account, and a kubeconfig with it. */
  readonly token: string;
  readonly kubeconfig: string;
  /** A client certificate of system:masters. */
  readonly admin: { readonly cert: string; readonly key: string };
  readonly nodes: readonly string[];
  readonly pods: number;
  /** `namespace/name` of the pods that always have a rate above zero and never crash. */
  readonly steadyPods: readonly string[];
  readonly selected: Selected;
  /** Where what some kubelets really answered is handed over, see exact/. */
  readonly handOverPort: number;
}
