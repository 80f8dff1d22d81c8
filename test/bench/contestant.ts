import process from 'node:process';
import type { ImageEntry } from './image-entry.ts';

/** One of the two servers: how it is started, and how it is called in tables. */
export interface Contestant {
  readonly name: 'ours' | 'theirs';
  /** Without the flags that the bench adds; may contain placeholders. */
  readonly command: readonly string[];
  /** Beside the environment of the bench. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether its self-metrics tell the delay of an event loop, and its figures follow our rules. */
  readonly isOurs: boolean;
}

/** What differs from run to run in a server's command line. */
export interface Surroundings {
  readonly port: number;
  readonly certDir: string;
  readonly kubeletCa: string;
  /** Undefined for a server that finds a service account, as in a pod. */
  readonly kubeconfig: string | undefined;
}

export const RESOLUTION_S = 15;
const LOOP_WATCH = new URL('loop-watch.ts', import.meta.url).href;

export function ours({ nodeFlags, file, env }: ImageEntry, projectFolder: string): Contestant {
  return {
    name: 'ours',
    command: [process.execPath, ...nodeFlags, `${projectFolder}${file}`],
    env,
    isOurs: true,
  };
}

/** The same with somebody who watches its event loop (loop-watch.ts). */
export function watched({ command: [program = '', ...words], ...rest }: Contestant): Contestant {
  return { ...rest, command: [program, '--import', LOOP_WATCH, ...words] };
}

/** @throws Error when there is no word in it. */
export function theirs(commandLine: string): Contestant {
  const command = commandLine.split(/\s+/).filter((word) => word !== '');
  if (command.length === 0)
    throw new Error('Cannot compare with nothing: --compare names no program');
  return { name: 'theirs', command, env: {}, isOurs: false };
}

/** Its whole command line: placeholders filled in, and the bench's flags that it does not name itself. */
export function commandLine(
  { command }: Contestant,
  { port, certDir, kubeletCa, kubeconfig }: Surroundings,
): string[] {
  const places = new Map([
    ['{port}', String(port)],
    ['{cert-dir}', certDir],
    ['{kubelet-ca}', kubeletCa],
    ['{kubeconfig}', kubeconfig ?? ''],
  ]);
  const given = command.map((word) =>
    word.replaceAll(/\{[a-z-]+\}/g, (place) => places.get(place) ?? place),
  );
  const added = [
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${certDir}`,
    `--metric-resolution=${RESOLUTION_S}s`,
    '--kubelet-use-node-status-port',
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-certificate-authority=${kubeletCa}`,
    ...['', 'authentication-', 'authorization-'].flatMap((purpose) =>
      kubeconfig === undefined ? [] : [`--${purpose}kubeconfig=${kubeconfig}`],
    ),
  ];
  const named = new Set(given.map((word) => flagName(word)));
  return [...given, ...added.filter((word) => !named.has(flagName(word)))];
}

function flagName(word: string): string {
  return word.split('=')[0] ?? '';
}
