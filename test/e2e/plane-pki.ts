import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CertificateAndKey,
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../src/pki/certificate.ts';

/** For whoever runs it, and nobody else. */
const SECRET = { mode: 0o600 };

/** The address of the Service `kubernetes` in the range that the plane is started with. */
export const KUBERNETES_SERVICE_IP = '10.0.0.1';

/** The authorities of a control plane of our own. */
export interface PlaneAuthorities {
  /** Signs clients and the serving certificates of the plane. */
  readonly cluster: CertificateAuthority;
  /** Signs the aggregator as a client, and nothing else. */
  readonly frontProxy: CertificateAuthority;
  /** Signs etcd and its only client. */
  readonly etcd: CertificateAuthority;
}

export function createAuthorities(nowMs: number): PlaneAuthorities {
  const authority = (commonName: string) => createCertificateAuthority({ commonName, nowMs });
  return {
    cluster: authority('kubernetes'),
    frontProxy: authority('front-proxy-ca'),
    etcd: authority('etcd-ca'),
  };
}

/** Names of the clients of the plane with a kubeconfig, and the groups that make them what they are. */
const CLIENTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['admin', ['system:masters']],
  ['system:kube-controller-manager', []],
  ['system:kube-scheduler', []],
]);

/** Writes everything that the flags of the programs name (see plane.ts) into the folder. */
export async function writePlanePki(
  folder: string,
  { cluster, frontProxy, etcd }: PlaneAuthorities,
  nodeAddress: string | undefined,
): Promise<ReadonlyMap<string, CertificateAndKey>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const write = async (name: string, { certPem, keyPem }: CertificateAndKey): Promise<void> => {
    await writeFile(join(folder, `${name}.crt`), certPem);
    await writeFile(join(folder, `${name}.key`), keyPem, SECRET);
  };
  await write('ca', cluster);
  await write('front-proxy-ca', frontProxy);
  await write('etcd-ca', etcd);
  await write(
    'apiserver',
    cluster.issue({
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
      ipAddresses: [
        '127.0.0.1',
        KUBERNETES_SERVICE_IP,
        ...(nodeAddress === undefined ? [] : [nodeAddress]),
      ],
      usages: ['serverAuth'],
    }),
  );
  await write(
    'apiserver-kubelet-client',
    cluster.issue({
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['clientAuth'],
    }),
  );
  await write('front-proxy-client', issueFrontProxyClient(frontProxy));
  await write(
    'etcd',
    etcd.issue({
      commonName: 'etcd',
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      // etcd's own gateway is a client of etcd
      usages: ['serverAuth', 'clientAuth'],
    }),
  );
  await write('etcd-client', etcd.issue({ commonName: 'kube-apiserver', usages: ['clientAuth'] }));
  await writeTokenKeys(folder);
  return new Map(
    [...CLIENTS].map(([name, organizations]) => [
      name,
      cluster.issue({ commonName: name, organizations, usages: ['clientAuth'] }),
    ]),
  );
}

/** The aggregator as a client of aggregated API servers. */
export function issueFrontProxyClient(frontProxy: CertificateAuthority): CertificateAndKey {
  return frontProxy.issue({ commonName: 'front-proxy-client', usages: ['clientAuth'] });
}

/** What signs and verifies the tokens of service accounts. */
async function writeTokenKeys(folder: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await writeFile(join(folder, 'sa.pub'), publicKey);
  await writeFile(join(folder, 'sa.key'), privateKey, SECRET);
}
