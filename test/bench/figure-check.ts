import type { ClusterAddress } from './cluster-address.ts';
import { RESOLUTION_S } from './contestant.ts';
import { ExactCheck } from './exact/exact-check.ts';
import { fetchHandOver } from './exact/hand-over.ts';
import { API } from './first-figures.ts';
import type { FetchResult } from './load.ts';

/** What is asked of the load client. */
interface Fetcher {
  fetch(path: string): Promise<FetchResult>;
}

/**
 * The check of 1 % of all served figures against what the kubelets answered, for one life of our server. To be
 * made just before it starts; `client` asks it as soon as it runs.
 */
export async function beginFigureCheck(
  { handOverPort }: Pick<ClusterAddress, 'handOverPort'>,
  client: () => Fetcher,
): Promise<ExactCheck> {
  // What was answered to those who ran before on this cluster is of no interest, and partly forgotten.
  const { next } = await fetchHandOver(handOverPort, Number.MAX_SAFE_INTEGER);
  const check = new ExactCheck({
    resolutionMs: RESOLUTION_S * 1000,
    handOver: (from) => fetchHandOver(handOverPort, Math.max(from, next)),
    list: async (resource) => {
      const { code, body } = await client().fetch(`${API}/${resource}`);
      if (code !== 200) throw new Error(`Cannot check figures: the list of ${resource} is ${code}`);
      return JSON.parse(body) as unknown;
    },
  });
  await check.begin();
  return check;
}
