import { namespace } from '../workloads.ts';
import { BUSYBOX_IMAGE } from '../real-node/busybox-image.ts';

/** Where the pods with known loads are. */
export const LOADS = 'e2e-loads';
/** A second namespace, with a pod of a name that is also in the first one. */
export const OTHER_LOADS = 'e2e-loads-b';
export const STATIC_POD = 'static';

/** A busy loop, which a CPU limit alone holds back. */
const BURN = ['sh', '-c', 'while :; do :; done'];
const SLEEP = ['sleep', '2147483647'];
/** Young at nearly every other scrape, and never old enough for a figure. */
const CRASH = ['sh', '-c', 'sleep 8; exit 1'];

interface ContainerSpec {
  readonly name: string;
  readonly command: readonly string[];
  readonly cpu?: string;
  readonly memory?: string;
  readonly mounts?: Readonly<Record<string, string>>;
  readonly image?: string;
  /** Only of an init container: one that goes on beside the others. */
  readonly sidecar?: boolean;
}

interface LoadSpec {
  readonly name: string;
  readonly space?: string;
  readonly containers: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly volumes?: readonly object[];
  readonly restartPolicy?: 'Always' | 'Never';
  readonly hostNetwork?: boolean;
}

function container(spec: ContainerSpec): object {
  const { name, command, cpu, memory = '32Mi', mounts = {}, image, sidecar } = spec;
  return {
    name,
    command,
    image: image ?? BUSYBOX_IMAGE,
    imagePullPolicy: 'Never',
    ...(cpu !== undefined && { resources: { limits: { cpu, memory } } }),
    ...(sidecar === true && { restartPolicy: 'Always' }),
    volumeMounts: Object.entries(mounts).map(([volume, mountPath]) => ({
      name: volume,
      mountPath,
    })),
  };
}

function podSpec(spec: Omit<LoadSpec, 'name' | 'space'>): object {
  const { containers, initContainers = [], volumes = [], restartPolicy, hostNetwork } = spec;
  return {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    // there is no DNS to point at
    dnsPolicy: 'Default',
    ...(restartPolicy && { restartPolicy }),
    ...(hostNetwork === true && { hostNetwork }),
    initContainers: initContainers.map(container),
    containers: containers.map(container),
    volumes,
  };
}

function load({ name, space = LOADS, ...spec }: LoadSpec): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: space },
    spec: podSpec(spec),
  };
}

const burn = (cpu: string): ContainerSpec => ({ name: 'burn', command: BURN, cpu });
const idle: ContainerSpec = { name: 'idle', command: SLEEP };
const main: ContainerSpec = { name: 'main', command: SLEEP };
const crash: ContainerSpec = { name: 'crash', command: CRASH, cpu: '50m' };
/** A pod with a container that crashes all the time, beside a healthy one. */
export const HALF_CRASH = `${LOADS}/half-crash`;

/** A pod that burns what it is let. */
export function burner(name: string, cpu: string): object {
  return load({ name, containers: [burn(cpu)] });
}

/** A pod that does nothing. */
export function sleeper(name: string): object {
  return load({ name, containers: [idle] });
}

/** dd's buffer is filled once, then the pipe is full: so much memory is in use, and no CPU. */
const HOLD_64_MI = ['sh', '-c', 'dd if=/dev/zero bs=64M count=1 | sleep 2147483647'];
const WRITE = [
  'sh',
  '-c',
  'dd if=/dev/zero of=/data/f bs=1M count=10; dd if=/dev/zero of=/own bs=1M count=5; dd if=/dev/zero of=/ram/f bs=1M count=8; sleep 2147483647',
];
const BURN_FOR_5_S = [
  'sh',
  '-c',
  'end=$(($(date +%s)+5)); while [ $(date +%s) -lt $end ]; do :; done',
];

/** Everything but the static pod. */
export function loads(): object[] {
  return [
    ...[LOADS, OTHER_LOADS].map(namespace),
    burner('burn-50m', '50m'),
    burner('burn-100m', '100m'),
    burner('burn-200m', '200m'),
    load({ name: 'burn-100m', space: OTHER_LOADS, containers: [burn('50m')] }),
    load({ name: 'idle', containers: [idle], hostNetwork: true }),
    load({
      name: 'mem-64mi',
      containers: [{ name: 'mem', command: HOLD_64_MI, cpu: '500m', memory: '128Mi' }],
    }),
    load({ name: 'two', containers: [burn('50m'), idle] }),
    load({
      name: 'with-init',
      initContainers: [{ name: 'init', command: BURN_FOR_5_S, cpu: '200m' }],
      containers: [main],
    }),
    load({
      name: 'with-sidecar',
      initContainers: [{ name: 'sidecar', command: BURN, cpu: '50m', sidecar: true }],
      containers: [main],
    }),
    load({ name: 'crash', containers: [crash] }),
    load({ name: 'half-crash', containers: [burn('50m'), crash] }),
    load({
      name: 'volume',
      containers: [{ name: 'writer', command: WRITE, mounts: { data: '/data', ram: '/ram' } }],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'ram', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
      ],
    }),
    load({
      name: 'never',
      containers: [{ name: 'none', command: SLEEP, image: 'localhost/e2e/absent:1' }],
    }),
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'done', namespace: LOADS },
      spec: {
        template: {
          metadata: { labels: { app: 'done' } },
          spec: podSpec({
            containers: [{ name: 'done', command: ['sleep', '10'] }],
            restartPolicy: 'Never',
          }),
        },
      },
    },
  ];
}

/** The kubelet reads it from a file; the API server gets a mirror of it under an other uid. */
export function staticLoad(): object {
  return load({ name: STATIC_POD, containers: [burn('50m')], hostNetwork: true });
}

/** Containers that are held back by a limit, as `NAMESPACE/POD/CONTAINER`, in thousandths of a core. */
export function limitsMilliCores(nodeName: string): ReadonlyMap<string, number> {
  return new Map([
    [`${LOADS}/burn-50m/burn`, 50],
    [`${LOADS}/burn-100m/burn`, 100],
    [`${LOADS}/burn-200m/burn`, 200],
    [`${OTHER_LOADS}/burn-100m/burn`, 50],
    [`${LOADS}/two/burn`, 50],
    [`${LOADS}/with-sidecar/sidecar`, 50],
    [`${HALF_CRASH}/burn`, 50],
    [`${LOADS}/${STATIC_POD}-${nodeName}/burn`, 50],
  ]);
}

/** Every pod that has to have figures, and the containers that run in it all the time. */
export function expectedContainers(nodeName: string): ReadonlyMap<string, readonly string[]> {
  return new Map([
    [`${LOADS}/burn-50m`, ['burn']],
    [`${LOADS}/burn-100m`, ['burn']],
    [`${LOADS}/burn-200m`, ['burn']],
    [`${OTHER_LOADS}/burn-100m`, ['burn']],
    [`${LOADS}/idle`, ['idle']],
    [`${LOADS}/mem-64mi`, ['mem']],
    [`${LOADS}/two`, ['burn', 'idle']],
    [`${LOADS}/with-init`, ['main']],
    [`${LOADS}/with-sidecar`, ['main', 'sidecar']],
    [HALF_CRASH, ['burn']],
    [`${LOADS}/volume`, ['writer']],
    [`${LOADS}/${STATIC_POD}-${nodeName}`, ['burn']],
  ]);
}
