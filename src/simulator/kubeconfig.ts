import type { CertificateAndKey } from '../pki/certificate.ts';

/** How a user proves who they are. */
export type KubeconfigUser =
  | { readonly name: string; readonly certificate: CertificateAndKey }
  | { readonly name: string; readonly token: string };

const CLUSTER = 'simulated';

/**
 * A kubeconfig for one cluster, as text: one context for each user, named like the user, the first one
 * current. Everything is embedded, so that the file can be moved.
 */
export function kubeconfigText(
  server: string,
  caPem: string,
  users: readonly [KubeconfigUser, ...KubeconfigUser[]],
): string {
  const [current] = users;
  return [
    'apiVersion: v1',
    'kind: Config',
    `current-context: ${current.name}`,
    'clusters:',
    `- name: ${CLUSTER}`,
    '  cluster:',
    `    server: ${server}`,
    `    certificate-authority-data: ${base64(caPem)}`,
    'contexts:',
    ...users.flatMap(({ name }) => [
      `- name: ${name}`,
      '  context:',
      `    cluster: ${CLUSTER}`,
      `    user: ${name}`,
    ]),
    'users:',
    ...users.flatMap((user) => [`- name: ${user.name}`, '  user:', ...credentialLines(user)]),
    '',
  ].join('\n');
}

function credentialLines(user: KubeconfigUser): string[] {
  if ('token' in user) return [`    token: ${user.token}`];
  const { certPem, keyPem } = user.certificate;
  return [
    `    client-certificate-data: ${base64(certPem)}`,
    `    client-key-data: ${base64(keyPem)}`,
  ];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
