import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { KubeConfig, loadYaml } from '@kubernetes/client-node';
import { FreshFile, parseCertificates, parsePrivateKey, parseToken } from './fresh-file.ts';
import type {
  ClientCertificate,
  CredentialsEnvironment,
  KubeCredentials,
} from './kube-credentials.ts';
import { parseKubeconfig } from './kubeconfig-file.ts';
import type { FileOrData, KubeconfigContext } from './kubeconfig-file.ts';
import { messageOf } from './message-of.ts';
import { PluginIdentity } from './plugin-identity.ts';

/**
 * The credentials of a kubeconfig's current context. Tokens and certificates from files follow the files;
 * exec plugins and OIDC are asked through @kubernetes/client-node.
 *
 * @throws Error that names the file and what was expected of it.
 */
export async function kubeconfigCredentials(
  path: string,
  environment: CredentialsEnvironment,
): Promise<KubeCredentials> {
  const text = await readKubeconfig(path, environment);
  let context: KubeconfigContext;
  try {
    context = parseKubeconfig(loadYaml(text), dirname(resolve(path)));
  } catch (cause) {
    const message = messageOf(cause);
    throw new Error(`Cannot use kubeconfig ${path}: ${message}`, { cause });
  }
  const credentials = new KubeconfigCredentials(
    context,
    await openFiles(path, context, environment),
    pluginOf(context, environment),
  );
  await credentials.token(); // a plugin that does not work is a mistake to be told now, not at the first call
  return credentials;
}

async function readKubeconfig(path: string, environment: CredentialsEnvironment): Promise<string> {
  try {
    return await environment.readFile(path);
  } catch (cause) {
    const code = Error.isError(cause) && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT') throw new Error(`stat ${path}: no such file or directory`, { cause });
    throw cause;
  }
}

type TextFile = Pick<FreshFile<string>, 'last' | 'fresh' | 'expire'>;

interface OpenFiles {
  readonly ca: TextFile | undefined;
  readonly cert: TextFile | undefined;
  readonly key: TextFile | undefined;
  readonly token: TextFile | undefined;
}

async function openFiles(
  path: string,
  context: KubeconfigContext,
  environment: CredentialsEnvironment,
): Promise<OpenFiles> {
  const open = async (
    source: FileOrData | undefined,
    parse: (text: string) => string,
  ): Promise<TextFile | undefined> => {
    if (!source) return undefined;
    if (source.file !== undefined) return FreshFile.read(source.file, parse, environment);
    try {
      return constant(parse(source.data));
    } catch (cause) {
      const problem = `${source.field}: ${messageOf(cause)}`;
      throw new Error(`Cannot use kubeconfig ${path}: ${problem}`, { cause });
    }
  };
  const { clientCertificate, tokenFile, token } = context;
  return {
    ca: await open(context.ca, parseCertificates),
    cert: await open(clientCertificate?.cert, parseCertificates),
    key: await open(clientCertificate?.key, parsePrivateKey),
    token:
      tokenFile === undefined
        ? token === undefined
          ? undefined
          : constant(parseToken(token))
        : await FreshFile.read(tokenFile, parseToken, environment),
  };
}

function constant(last: string): TextFile {
  return { last, fresh: () => Promise.resolve(last), expire: () => undefined };
}

class KubeconfigCredentials implements KubeCredentials {
  readonly server: string;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName: string | undefined;
  private readonly files: OpenFiles;
  private readonly plugin: PluginIdentity | undefined;

  constructor(context: KubeconfigContext, files: OpenFiles, plugin: PluginIdentity | undefined) {
    this.server = context.server;
    this.insecureSkipTlsVerify = context.insecureSkipTlsVerify;
    this.tlsServerName = context.tlsServerName;
    this.files = files;
    this.plugin = plugin;
  }

  get ca(): string | undefined {
    return this.files.ca?.last;
  }

  get clientCertificate(): ClientCertificate | undefined {
    const { cert, key } = this.files;
    if (cert && key) return { certPem: cert.last, keyPem: key.last };
    return this.plugin?.last.clientCertificate;
  }

  async token(): Promise<string | undefined> {
    const { ca, cert, key, token } = this.files;
    await Promise.all([ca?.fresh(), cert?.fresh(), key?.fresh()]);
    if (token) return token.fresh();
    return (await this.plugin?.fresh())?.token;
  }

  refreshToken(): void {
    for (const file of Object.values(this.files) as (TextFile | undefined)[]) file?.expire();
    this.plugin?.expire();
  }
}

function pluginOf(
  context: KubeconfigContext,
  environment: CredentialsEnvironment,
): PluginIdentity | undefined {
  const { exec, authProvider, userName } = context;
  if (!exec && !authProvider) return undefined;
  const makeKubeConfig = (): KubeConfig => {
    const config = new KubeConfig();
    const user = { exec: exec && withExecInfo(exec), 'auth-provider': authProvider };
    config.loadFromString(
      JSON.stringify({
        clusters: [{ name: 'cluster', cluster: { server: context.server } }],
        contexts: [{ name: 'context', context: { cluster: 'cluster', user: userName } }],
        users: [{ name: userName, user }],
        'current-context': 'context',
      }),
    );
    return config;
  };
  return new PluginIdentity({
    // A new one forgets the plugin's last answer. OIDC keeps its own: it holds the newest refresh token.
    create: () => {
      const config = makeKubeConfig();
      return async () => {
        const options: RequestOptions = {};
        await config.applyToHTTPSOptions(options);
        return options;
      };
    },
    renewable: exec !== undefined,
    description: exec ? `exec plugin ${String(exec['command'])}` : 'auth-provider',
    clock: environment.clock,
  });
}

/** As client-go: the variable in which a plugin looks for the version it has to answer in. */
function withExecInfo(exec: Readonly<Record<string, unknown>>): object {
  const info = {
    apiVersion: exec['apiVersion'],
    kind: 'ExecCredential',
    spec: { interactive: false },
  };
  const env: unknown[] = Array.isArray(exec['env']) ? exec['env'] : [];
  return {
    ...exec,
    env: [...env, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
  };
}
