import { join } from 'node:path';

/** Where the parts of a plane are; all ports are on 127.0.0.1. */
export interface PlaneLayout {
  /**
   * The address of a real node on this machine: kube-apiserver listens there, too, is reached by pods as the Service
   * `kubernetes`, and reaches the node's kubelet. Undefined: nothing outside 127.0.0.1 is used.
   */
  readonly nodeAddress: string | undefined;
  readonly folder: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly apiPort: number;
}

const LOOPBACK = '127.0.0.1';
/** Of the addresses of services. */
export const SERVICE_RANGE = '10.0.0.0/24';

function pki({ folder }: PlaneLayout, name: string): string {
  return join(folder, 'pki', name);
}

export function kubeconfigOf({ folder }: PlaneLayout, user: string): string {
  return join(folder, `${user.replace('system:', '')}.kubeconfig`);
}

export function etcdFlags(layout: PlaneLayout): string[] {
  const client = `https://${LOOPBACK}:${layout.etcdPort}`;
  const peer = `http://${LOOPBACK}:${layout.etcdPeerPort}`;
  return [
    `--data-dir=${join(layout.folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--cert-file=${pki(layout, 'etcd.crt')}`,
    `--key-file=${pki(layout, 'etcd.key')}`,
    `--trusted-ca-file=${pki(layout, 'etcd-ca.crt')}`,
    '--client-cert-auth',
    // one member: nobody ever speaks to it as a peer
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // what is lost in a power cut is not missed
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

export function apiServerFlags(layout: PlaneLayout, controllers: boolean): string[] {
  return [
    `--etcd-servers=https://${LOOPBACK}:${layout.etcdPort}`,
    `--etcd-cafile=${pki(layout, 'etcd-ca.crt')}`,
    `--etcd-certfile=${pki(layout, 'etcd-client.crt')}`,
    `--etcd-keyfile=${pki(layout, 'etcd-client.key')}`,
    `--secure-port=${layout.apiPort}`,
    ...addressFlags(layout),
    `--tls-cert-file=${pki(layout, 'apiserver.crt')}`,
    `--tls-private-key-file=${pki(layout, 'apiserver.key')}`,
    `--client-ca-file=${pki(layout, 'ca.crt')}`,
    `--requestheader-client-ca-file=${pki(layout, 'front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${pki(layout, 'front-proxy-client.crt')}`,
    `--proxy-client-key-file=${pki(layout, 'front-proxy-client.key')}`,
    `--service-account-key-file=${pki(layout, 'sa.pub')}`,
    `--service-account-signing-key-file=${pki(layout, 'sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    '--authorization-mode=Node,RBAC',
    // not among the defaults, though everybody has it
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged',
    // without controllers no namespace gets its default service account
    ...(controllers ? [] : ['--disable-admission-plugins=ServiceAccount']),
  ];
}

function addressFlags(layout: PlaneLayout): string[] {
  const { nodeAddress } = layout;
  if (nodeAddress === undefined) {
    return [
      `--bind-address=${LOOPBACK}`,
      `--advertise-address=${LOOPBACK}`,
      // Endpoints may not hold a loopback address, so the plane is not written into them
      '--endpoint-reconciler-type=none',
    ];
  }
  return [
    // in a network namespace of its own, nothing else is there
    '--bind-address=0.0.0.0',
    `--advertise-address=${nodeAddress}`,
    `--kubelet-client-certificate=${pki(layout, 'apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${pki(layout, 'apiserver-kubelet-client.key')}`,
    `--kubelet-certificate-authority=${pki(layout, 'ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

function clientFlags(layout: PlaneLayout, user: string): string[] {
  const kubeconfig = kubeconfigOf(layout, user);
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    `--bind-address=${LOOPBACK}`,
    // nobody asks them anything, and their usual ports may be taken
    '--secure-port=0',
  ];
}

export function controllerManagerFlags(layout: PlaneLayout): string[] {
  return [
    ...clientFlags(layout, 'system:kube-controller-manager'),
    `--service-account-private-key-file=${pki(layout, 'sa.key')}`,
    `--root-ca-file=${pki(layout, 'ca.crt')}`,
    `--cluster-signing-cert-file=${pki(layout, 'ca.crt')}`,
    `--cluster-signing-key-file=${pki(layout, 'ca.key')}`,
    '--use-service-account-credentials',
    '--horizontal-pod-autoscaler-sync-period=5s',
    '--horizontal-pod-autoscaler-downscale-stabilization=10s',
  ];
}

export function schedulerFlags(layout: PlaneLayout): string[] {
  return clientFlags(layout, 'system:kube-scheduler');
}
