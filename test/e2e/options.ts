import { parseArgs } from 'node:util';

/** What the words after `npm run e2e --` mean. */
export interface Options {
  readonly help: boolean;
  /** Parts whose name contains one of these; empty: all. */
  readonly only: readonly string[];
  /** An other metrics server than ours: a program that takes the same flags. */
  readonly server: string | undefined;
  /** Starts the cluster alone, and says how to use it. */
  readonly clusterOnly: boolean;
  /** Tries a real kubelet instead of the simulated ones. */
  readonly kubelet: boolean;
  /** Tries our image in a cluster that is real from end to end. */
  readonly inCluster: boolean;
  /** Keeps certificates, logs and data when it ends. */
  readonly keep: boolean;
}

/** A command line that makes no sense, in words for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const HELP = `Tries the metrics server against a real control plane: etcd, kube-apiserver, controllers, scheduler.

  npm run e2e -- [FLAGS]

The control plane is, in this order: the cluster of E2E_KUBECONFIG; etcd and kube-apiserver of the folder
KUBEBUILDER_ASSETS (what needs controllers is then skipped); or built with the Go on PATH, once, in minutes.
Everything listens on loopback, and is gone at the end. Closes with the counts, and exit code 1 if anything is
wrong, 2 for a wrong flag, 3 without a control plane.

Flags:
  --only=TEXT      only parts whose name contains TEXT; may be repeated
  --server=PATH    judges an other metrics server, which takes the same flags
  --cluster-only   starts the cluster and the server alone, and says how to use them
  --kubelet        tries a real kubelet with containerd, in namespaces of its own, instead (Linux, root)
  --in-cluster     tries our image as a Deployment in such a cluster, with services and a pod network
  --keep           keeps certificates, logs and data
  --help           shows this
`;

/** @throws UsageError naming the flag. */
export function parseOptions(words: readonly string[]): Options {
  const { values } = readWords(words);
  return {
    help: values.help === true,
    only: values.only ?? [],
    server: values.server,
    clusterOnly: values['cluster-only'] === true,
    kubelet: values.kubelet === true,
    inCluster: values['in-cluster'] === true,
    keep: values.keep === true,
  };
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        help: { type: 'boolean' },
        'cluster-only': { type: 'boolean' },
        kubelet: { type: 'boolean' },
        'in-cluster': { type: 'boolean' },
        keep: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        server: { type: 'string' },
      },
    });
  } catch (error) {
    if (Error.isError(error)) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
