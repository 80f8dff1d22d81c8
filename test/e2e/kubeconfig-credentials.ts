import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { textAt, valueAt } from '../../src/simulator/kube-object.ts';
import type { RemoteCluster } from '../../src/simulator/remote-api.ts';

/**
 * Where the current context of a kubeconfig leads, and as whom.
 * @throws Error for one that proves who we are by a program, which these tests do not run.
 */
export async function credentialsOf(kubeconfig: string): Promise<RemoteCluster> {
  const { stdout } = await promisify(execFile)('kubectl', [
    `--kubeconfig=${kubeconfig}`,
    ...['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'],
  ]);
  const config: unknown = JSON.parse(stdout);
  const [cluster, user] = ['cluster', 'user'].map((kind) => valueAt(config, `${kind}s`, '0', kind));
  const pem = (from: unknown, name: string): string =>
    Buffer.from(textAt(from, name), 'base64').toString();
  const token = textAt(user, 'token');
  const certPem = pem(user, 'client-certificate-data');
  if (token === '' && certPem === '') {
    throw new Error(
      `E2E_KUBECONFIG: "${kubeconfig}" names neither a client certificate nor a token`,
    );
  }
  return {
    server: textAt(cluster, 'server'),
    caPem: pem(cluster, 'certificate-authority-data'),
    identity: token === '' ? { certPem, keyPem: pem(user, 'client-key-data') } : { token },
  };
}
