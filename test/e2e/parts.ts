import type { Part } from './part.ts';
import { apiServiceTrust } from './parts/api-service.ts';
import { kubectlTop } from './parts/kubectl-top.ts';
import { manifests } from './parts/manifests.ts';

/** In the order in which they play. */
export const PARTS: readonly Part[] = [manifests, kubectlTop, apiServiceTrust];
