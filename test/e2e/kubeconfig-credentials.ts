import { textAt, valueAt } from '../../src/simulator/kube-object.ts';
import type { RemoteCluster } from '../../src/simulator/remote-api.ts';
import { askKubectl } from '../support/kubectl.ts';
import { NoControlPlaneError } from './programs.ts';

const TIMEOUT_MS = 10_000;

/**
 * Where the current context of a kubeconfig leads, and as whom.
 * @throws NoControlPlaneError for one that cannot be read, or that proves who we are by a program, which these tests
 * do not run.
 */
export async function credentialsOf(kubeconfig: string): Promise<RemoteCluster> {
  const words = ['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'];
  const asked = [`--kubeconfig=${kubeconfig}`, ...words];
  const { code, out, err } = await askKubectl(asked, { timeoutMs: TIMEOUT_MS });
  if (code !== 0) {
    throw new NoControlPlaneError(
      `E2E_KUBECONFIG: kubectl cannot read "${kubeconfig}": ${err.trim()}`,
    );
  }
  const config: unknown = JSON.parse(out);
  const [cluster, user] = ['cluster', 'user'].map((kind) => valueAt(config, `${kind}s`, '0', kind));
  const pem = (from: unknown, name: string): string =>
    Buffer.from(textAt(from, name), 'base64').toString();
  const token = textAt(user, 'token');
  const certPem = pem(user, 'client-certificate-data');
  if (token === '' && certPem === '') {
    throw new NoControlPlaneError(
      `E2E_KUBECONFIG: "${kubeconfig}" names neither a client certificate nor a token`,
    );
  }
  return {
    server: textAt(cluster, 'server'),
    caPem: pem(cluster, 'certificate-authority-data'),
    identity: token === '' ? { certPem, keyPem: pem(user, 'client-key-data') } : { token },
  };
}
