import { isIPv6 } from 'node:net';
import { FreshFile, parseCertificates, parseToken } from './fresh-file.ts';
import type { CredentialsEnvironment, KubeCredentials } from './kube-credentials.ts';
import { messageOf } from './message-of.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Which of the three kubeconfig flags the credentials are for: their errors start as upstream's. */
export type CredentialsPurpose = 'lister' | 'authentication' | 'authorization';

const PREFIXES: Readonly<Record<CredentialsPurpose, string>> = {
  lister: 'unable to construct lister client config',
  // Upstream says so twice.
  authentication:
    'failed to get delegated authentication kubeconfig: failed to get delegated authentication kubeconfig',
  authorization: 'failed to get delegated authorization kubeconfig',
};

/**
 * The credentials of a kubeconfig file, or with '' those of the pod we run in.
 *
 * @throws Error that names the file or variable and what was expected of it.
 */
export async function loadCredentials(
  kubeconfig: string,
  environment: CredentialsEnvironment,
  purpose: CredentialsPurpose = 'lister',
): Promise<KubeCredentials> {
  try {
    if (kubeconfig === '') return await inClusterCredentials(environment);
    // On demand: the package behind it costs 0.4 s and 80 MB, and in a cluster nobody needs it.
    const { kubeconfigCredentials } = await import('./kubeconfig.ts');
    return await kubeconfigCredentials(kubeconfig, environment);
  } catch (cause) {
    const message = messageOf(cause);
    throw new Error(`${PREFIXES[purpose]}: ${message}`, { cause });
  }
}

async function inClusterCredentials(environment: CredentialsEnvironment): Promise<KubeCredentials> {
  const host = environment.env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment.env['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '') {
    throw new Error(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT ' +
        'must be defined\nOutside of a cluster, give --kubeconfig',
    );
  }
  const token = await readServiceAccount('token', parseToken, environment);
  const ca = await readServiceAccountCa(environment);
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    get ca() {
      return ca?.last;
    },
    insecureSkipTlsVerify: false,
    tlsServerName: undefined,
    clientCertificate: undefined,
    async token() {
      await ca?.fresh();
      return token.fresh();
    },
    refreshToken() {
      ca?.expire();
      token.expire();
    },
  };
}

async function readServiceAccount<Content>(
  name: string,
  parse: (text: string) => Content,
  environment: CredentialsEnvironment,
): Promise<FreshFile<Content>> {
  const path = `${SERVICE_ACCOUNT}/${name}`;
  try {
    return await FreshFile.read(path, parse, environment);
  } catch (cause) {
    const message = messageOf(cause);
    throw new Error(
      `${message} (expected the ${name} of the pod's service account in ${path}; ` +
        'does the pod have automountServiceAccountToken: false?)',
      { cause },
    );
  }
}

/** As upstream, a missing CA is not the end: the API server may have a certificate of a public CA. */
async function readServiceAccountCa(
  environment: CredentialsEnvironment,
): Promise<FreshFile<string> | undefined> {
  try {
    return await readServiceAccount('ca.crt', parseCertificates, environment);
  } catch (err) {
    environment.log.warn(
      { err },
      'Could not read the CA of the cluster, verified kube-apiserver with public CAs',
    );
    return undefined;
  }
}
