import type { Part } from './part.ts';
import { apiServiceTrust } from './parts/api-service.ts';
import { autoscaler } from './parts/autoscaler.ts';
import { changesWhileRunning } from './parts/changes.ts';
import { goClients } from './parts/clients.ts';
import { conformance } from './parts/conformance.ts';
import { etcdContent } from './parts/etcd.ts';
import { kubectlGet, newestKubectlGet } from './parts/kubectl-get.ts';
import { kubectlTop, newestKubectlTop } from './parts/kubectl-top.ts';
import { manifests } from './parts/manifests.ts';
import { nodeClient } from './parts/node-client.ts';
import { pages } from './parts/pages.ts';
import { podLives } from './parts/pod-lives.ts';
import { pythonClient } from './parts/python-client.ts';
import { nodeRights } from './parts/node-rights.ts';
import { roles } from './parts/roles.ts';
import { sidecars } from './parts/sidecars.ts';
import { users } from './parts/users.ts';
import { waysToAPlane } from './parts/ways.ts';

/** In the order in which they play. */
export const PARTS: readonly Part[] = [
  manifests,
  kubectlTop,
  newestKubectlTop,
  sidecars,
  kubectlGet,
  newestKubectlGet,
  users,
  goClients,
  nodeClient,
  pythonClient,
  pages,
  apiServiceTrust,
  nodeRights,
  podLives,
  etcdContent,
  conformance,
  roles,
  autoscaler,
  changesWhileRunning,
  waysToAPlane,
];
