import { type Answer, ask } from '../../conformance/ask.ts';
import { DEVIATIONS } from '../../conformance/deviations.ts';
import { type Exchange, OWN_EXCHANGES, readExchanges } from '../../conformance/exchanges.ts';
import { type Secrets, identityOf } from '../../conformance/identities.ts';
import { judge } from '../../conformance/judge.ts';
import { wrongAnswer } from '../../conformance/report.ts';

/** Who can ask a kube-apiserver: the front proxy cannot, and nobody is known by headers there. */
const ASKING: ReadonlySet<string> = new Set([
  'admin',
  'viewer',
  'nobody',
  'impersonator',
  'team-a-user',
  'anonymous',
  'sa token',
  'sa token x',
]);
const API = '/apis/metrics.k8s.io/v1beta1';

/** Asks everything that was recorded of the resources through the aggregator. Returns what is wrong, in lines. */
export async function askThroughAggregator(
  port: number,
  secrets: Secrets,
): Promise<{ asked: number; wrong: readonly string[] }> {
  const exchanges = readExchanges(OWN_EXCHANGES).filter(
    ({ path, as }) => path.startsWith(`${API}/`) && ASKING.has(as),
  );
  const wrong: string[] = [];
  for (const exchange of exchanges) {
    const askedMs = Date.now();
    const answer = withoutAdded(await throughAggregator(port, exchange, secrets));
    const { outcome, ...verdict } = judge(exchange, answer, {
      deviations: DEVIATIONS,
      around: { port, askedMs },
    });
    if (outcome === 'wrong') wrong.push(wrongAnswer({ outcome, ...verdict }));
  }
  return { asked: exchanges.length, wrong };
}

/** Written by kube-apiserver in front of what the server writes, so that they are there twice. */
const DOUBLED: ReadonlySet<string> = new Set(['audit-id', 'cache-control']);
/** Which of its priority levels let the request in. */
const ADDED = /^x-kubernetes-pf-(?:flowschema|prioritylevel)-uid$/;

/** The answer without what the real aggregator adds to it. */
function withoutAdded(answer: Answer | Error): Answer | Error {
  if (Error.isError(answer)) return answer;
  const first = new Set<string>();
  const headers = answer.headers.filter(([name]) => {
    if (ADDED.test(name)) return false;
    if (!DOUBLED.has(name) || first.has(name)) return true;
    first.add(name);
    // Answers of its own it writes once.
    return answer.headers.filter(([other]) => other === name).length === 1;
  });
  return { ...answer, headers };
}

async function throughAggregator(
  port: number,
  exchange: Exchange,
  secrets: Secrets,
): Promise<Answer | Error> {
  const { method, path, headers, body, as } = exchange;
  const identity = identityOf(as, secrets);
  const given = Object.entries(headers);
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  try {
    return await ask(
      { host: '127.0.0.1', port },
      {
        method,
        path,
        body,
        certificate: identity.certificate,
        headers: [
          ...(names.has('host') ? [] : [['Host', `127.0.0.1:${port}`] as const]),
          ...(names.has('user-agent') ? [] : [['User-Agent', 'recorder'] as const]),
          ...identity.headers,
          ...given.filter(([name, value]) => name.toLowerCase() !== 'accept' || value !== ''),
          ['Connection', 'close'],
        ],
      },
    );
  } catch (error) {
    if (Error.isError(error)) return error;
    throw error;
  }
}
