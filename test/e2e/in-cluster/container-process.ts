/** What the kernel says of a process (proc(5), /proc/PID/status). */
export interface ProcessStatus {
  /** Real, effective, saved, and of files. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  /** Bits of each set, in hexadecimal, by its name: CapInh, CapPrm, CapEff, CapBnd, CapAmb. */
  readonly capabilities: ReadonlyMap<string, bigint>;
  readonly noNewPrivileges: boolean;
  /** 0: none, 1: strict, 2: a filter. */
  readonly seccomp: number;
}

/** @throws Error for a line that is missing: what the kernel does not tell proves nothing. */
export function parseProcessStatus(text: string): ProcessStatus {
  const lines = new Map(
    text.split('\n').map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name, value.join(':').trim()];
    }),
  );
  const words = (name: string): string[] => {
    const line = lines.get(name);
    if (line === undefined) throw new Error(`/proc/PID/status has no line "${name}"`);
    return line.split(/\s+/).filter((word) => word !== '');
  };
  const numbers = (name: string): number[] => words(name).map(Number);
  const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];
  return {
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    capabilities: new Map(sets.map((name) => [name, BigInt(`0x${words(name).join('')}`)])),
    noNewPrivileges: numbers('NoNewPrivs')[0] === 1,
    seccomp: numbers('Seccomp')[0] ?? 0,
  };
}

/** The process of each running container, by the container's id: what `ctr tasks list` prints. */
export function parseTasks(text: string): ReadonlyMap<string, number> {
  return new Map(
    [...text.matchAll(/^(\S+)\s+(\d+)\s+RUNNING\s*$/gm)].map(([, id = '', pid]) => [
      id,
      Number(pid),
    ]),
  );
}

/** How often connections to an address were led on, of what `iptables-save --counters` prints; undefined: no rule. */
export function connectionsTo(rules: string, address: string, port: number): number | undefined {
  const rule = rules
    .split('\n')
    .find(
      (line) =>
        line.includes(` -A KUBE-SERVICES -d ${address}/32 `) &&
        line.includes(` --dport ${port} `) &&
        line.includes(' -j KUBE-SVC-'),
    );
  const [, packets] = /^\[(\d+):\d+\]/.exec(rule ?? '') ?? [];
  return packets === undefined ? undefined : Number(packets);
}

/** The counts of a kubelet's page /metrics/probes for one pod, as `Liveness successful`. */
export function probesOf(page: string, pod: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, labels = '', value] of page.matchAll(/^prober_probe_total\{(.*)\} (\S+)$/gm)) {
    const label = (name: string): string =>
      new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (label('pod') !== pod) continue;
    counts.set(`${label('probe_type')} ${label('result')}`, Number(value));
  }
  return counts;
}

/** Lines of a log, in klog's format, that are no mere information; what is in no such format is none either. */
export function complaintsIn(log: string): string[] {
  return log.split('\n').filter((line) => line !== '' && !/^I\d{4} /.test(line));
}
