import { isAbsolute, join } from 'node:path';
import { isRecord, listOf, memberOf, textOf } from './json-value.ts';

/** Content in the file itself (base64 decoded, with the field where it stands), or the absolute path of another file. */
export type FileOrData =
  | { readonly data: string; readonly file: undefined; readonly field: string }
  | { readonly data: undefined; readonly file: string };

/** What the chosen context of a kubeconfig says. */
export interface KubeconfigContext {
  readonly server: string;
  readonly ca: FileOrData | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName: string | undefined;
  readonly clientCertificate: { readonly cert: FileOrData; readonly key: FileOrData } | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly userName: string;
  /** An exec plugin, as written, but with an absolute command if that is a path. */
  readonly exec: Readonly<Record<string, unknown>> | undefined;
  /** OIDC and its kind, as written. */
  readonly authProvider: Readonly<Record<string, unknown>> | undefined;
}

/** Fields that change who we are or how we connect, and that we do not know how to honour. */
const UNSUPPORTED_CLUSTER = ['proxy-url'];
const UNSUPPORTED_USER = ['username', 'password', 'as', 'as-uid', 'as-groups', 'as-user-extra'];

/**
 * Reads the current context of a kubeconfig.
 *
 * @param document what the file holds, after YAML
 * @param folder where relative paths in it start
 * @throws Error that says what was expected and what is there
 */
export function parseKubeconfig(document: unknown, folder: string): KubeconfigContext {
  if (!isRecord(document))
    throw new Error('expected a kubeconfig (YAML with clusters, users, contexts)');
  const contextName = textOf(document['current-context']);
  if (contextName === '') throw new Error('expected a current-context, got none');
  const context = entryNamed(document, 'context', contextName);
  const cluster = entryNamed(document, 'cluster', textOf(memberOf(context, 'cluster')));
  const userName = textOf(memberOf(context, 'user'));
  const user = userName === '' ? {} : entryNamed(document, 'user', userName);
  refuse(cluster, UNSUPPORTED_CLUSTER, 'cluster');
  refuse(user, UNSUPPORTED_USER, 'user');
  const server = parseServer(textOf(cluster['server']));
  if (server.startsWith('http://')) return { ...NO_CREDENTIALS, server, userName };
  return { server, userName, ...trustOf(cluster, folder), ...identityOf(user, folder) };
}

/** As client-go, which attaches credentials only over TLS. */
const NO_CREDENTIALS = {
  ca: undefined,
  insecureSkipTlsVerify: false,
  tlsServerName: undefined,
  clientCertificate: undefined,
  token: undefined,
  tokenFile: undefined,
  exec: undefined,
  authProvider: undefined,
};

function trustOf(
  cluster: Readonly<Record<string, unknown>>,
  folder: string,
): Pick<KubeconfigContext, 'ca' | 'insecureSkipTlsVerify' | 'tlsServerName'> {
  const ca = fileOrData(cluster, 'certificate-authority', folder);
  const insecureSkipTlsVerify = cluster['insecure-skip-tls-verify'] === true;
  if (ca && insecureSkipTlsVerify) {
    throw new Error(
      'expected either a certificate-authority or insecure-skip-tls-verify, got both',
    );
  }
  return {
    ca,
    insecureSkipTlsVerify,
    tlsServerName: textOf(cluster['tls-server-name']) || undefined,
  };
}

function identityOf(
  user: Readonly<Record<string, unknown>>,
  folder: string,
): Pick<KubeconfigContext, 'clientCertificate' | 'token' | 'tokenFile' | 'exec' | 'authProvider'> {
  const cert = fileOrData(user, 'client-certificate', folder);
  const key = fileOrData(user, 'client-key', folder);
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error('expected client-certificate and client-key together, got only one of them');
  }
  const tokenFile = textOf(user['tokenFile']);
  return {
    clientCertificate: cert && key ? { cert, key } : undefined,
    token: textOf(user['token']) || undefined,
    tokenFile: tokenFile === '' ? undefined : absolute(folder, tokenFile),
    exec: execOf(user['exec'], folder),
    authProvider: isRecord(user['auth-provider']) ? user['auth-provider'] : undefined,
  };
}

/** As client-go: a command with a slash is a path, relative to the kubeconfig; without one it is searched for. */
function execOf(exec: unknown, folder: string): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(exec)) return undefined;
  const command = textOf(exec['command']);
  if (command === '') throw new Error('expected a command of the exec plugin, got none');
  return { ...exec, command: command.includes('/') ? absolute(folder, command) : command };
}

function entryNamed(
  document: Readonly<Record<string, unknown>>,
  kind: 'context' | 'cluster' | 'user',
  name: string,
): Readonly<Record<string, unknown>> {
  const entries = listOf(document[`${kind}s`]);
  const entry = memberOf(
    entries.find((candidate) => memberOf(candidate, 'name') === name),
    kind,
  );
  if (isRecord(entry)) return entry;
  const names = entries.map((candidate) => JSON.stringify(textOf(memberOf(candidate, 'name'))));
  throw new Error(
    `expected a ${kind} named ${JSON.stringify(name)}, got ${names.join(', ') || 'none at all'}`,
  );
}

function refuse(
  entry: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  kind: string,
): void {
  const field = fields.find((name) => entry[name] !== undefined && entry[name] !== '');
  if (field === undefined) return;
  throw new Error(`expected a ${kind} without ${field}, which is not supported here`);
}

function parseServer(server: string): string {
  const text = server.includes('://') ? server : `https://${server}`;
  if (server === '' || !URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new Error(
      `expected the cluster's server as https://host:port, got ${JSON.stringify(server)}`,
    );
  }
  return text.replace(/\/+$/, '');
}

/** As client-go, data in the file wins over the path of another one. */
function fileOrData(
  entry: Readonly<Record<string, unknown>>,
  field: string,
  folder: string,
): FileOrData | undefined {
  const data = textOf(entry[`${field}-data`]);
  if (data !== '') return { ...decodedData(data, `${field}-data`), file: undefined };
  const file = textOf(entry[field]);
  return file === '' ? undefined : { data: undefined, file: absolute(folder, file) };
}

function decodedData(text: string, field: string): { data: string; field: string } {
  const base64 = text.replaceAll(/[\r\n]/g, '');
  // Buffer.from passes over what is not base64.
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    throw new Error(`expected base64 in ${field}, got something else`);
  }
  return { data: Buffer.from(base64, 'base64').toString('utf8'), field };
}

function absolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
