import type { Clock } from '../clock.ts';

/**
 * What can be wrong with a kubelet. One row each: the help of `--fault` is printed from it. `value` is
 * the meaning of `KIND=VALUE` and what it is without one.
 */
const FAULTS = {
  slow: { help: 'answers after VALUE ms', value: 9_000 },
  silent: { help: 'accepts connections and says nothing, not even in TLS' },
  drip: { help: 'answers one byte every VALUE ms', value: 1_000 },
  html: { help: 'answers 200 with a page of HTML' },
  truncated: { help: 'answers the first half of the body, as if it were all' },
  cut: { help: 'breaks the connection in the middle of the body' },
  'status-500': { help: 'answers 500' },
  'status-401': { help: 'answers 401, whatever the token' },
  'status-403': { help: 'answers 403, whatever the token' },
  'status-404': { help: 'answers 404' },
  redirect: { help: 'answers 302 to another path' },
  huge: { help: 'blows the body up to VALUE MiB with blanks', value: 40 },
  empty: { help: 'answers 200 with an empty body' },
  'wrong-content-type': { help: 'answers the right body as application/octet-stream' },
  'wrong-certificate': { help: 'shows a certificate of an unknown authority' },
  'expired-certificate': { help: 'shows a certificate that ended a year ago' },
  reset: { help: 'resets every connection' },
  refused: { help: 'does not listen' },
  'lying-negative': { help: 'says that counters and memory are negative' },
  'lying-huge': { help: 'says that counters and memory are 2^64-1' },
  'clock-back': { help: "its clock is VALUE s behind the world's", value: 3_600 },
  'counter-reset': { help: 'its CPU counters begin at zero again, with the same start times' },
  'not-ready': { help: 'its node is not ready; the kubelet answers as ever' },
} as const satisfies Record<string, FaultRow>;

interface FaultRow {
  readonly help: string;
  readonly value?: number;
}

export type FaultKind = keyof typeof FAULTS;

export interface Fault {
  readonly kind: FaultKind;
  /** The meaning is the kind's; 0 where it has none. */
  readonly value: number;
}

export interface ActiveFault extends Fault {
  /** When it began, ms since the epoch by the simulator's clock. */
  readonly sinceMs: number;
}

export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];

/** One line a kind, for `--help`. */
export function faultHelp(): string {
  const width = Math.max(...FAULT_KINDS.map((kind) => kind.length));
  return FAULT_KINDS.map((kind) => {
    const row: FaultRow = FAULTS[kind];
    const usual = row.value === undefined ? '' : ` (default ${row.value})`;
    return `${kind.padEnd(width)}  ${row.help}${usual}`;
  }).join('\n');
}

/**
 * Reads `KIND`, `KIND=VALUE`, `KIND:NODE` or `KIND=VALUE:NODE`. No node means all of them.
 * Throws a RangeError that says what was expected.
 */
export function parseFault(text: string): { fault: Fault; nodeName: string | undefined } {
  const [, kind = '', value, nodeName] = /^([a-z0-9-]+)(?:=(\d+))?(?::(.+))?$/.exec(text) ?? [];
  if (!isFaultKind(kind)) {
    throw new RangeError(
      `Cannot read the fault "${text}": expected KIND[=NUMBER][:NODE] with one of ${FAULT_KINDS.join(', ')}`,
    );
  }
  if (value !== undefined && !('value' in FAULTS[kind])) {
    throw new RangeError(`Cannot read the fault "${text}": ${kind} takes no number`);
  }
  return { fault: faultOf(kind, value === undefined ? undefined : Number(value)), nodeName };
}

function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(FAULTS, text);
}

function faultOf(kind: FaultKind, value: number | undefined): Fault {
  const row: FaultRow = FAULTS[kind];
  return { kind, value: value ?? row.value ?? 0 };
}

/** Which kubelets are faulty now: a fault of a node counts before one of all nodes. May change at any time. */
export class Faults {
  readonly #clock: Clock;
  readonly #byNode = new Map<string, ActiveFault>();
  readonly #listeners = new Set<() => void>();
  #ofAll: ActiveFault | undefined;

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  /** Sets the fault of one node, or of all. A node has one fault at a time. */
  set(
    kind: FaultKind,
    { nodeName, value }: { nodeName?: string | undefined; value?: number } = {},
  ): void {
    const fault = { ...faultOf(kind, value), sinceMs: Math.floor(this.#clock.nowMs()) };
    if (nodeName === undefined) this.#ofAll = fault;
    else this.#byNode.set(nodeName, fault);
    this.#tell();
  }

  /** Ends the fault of one node, or all faults. */
  clear(nodeName?: string): void {
    if (nodeName === undefined) {
      this.#ofAll = undefined;
      this.#byNode.clear();
    } else {
      this.#byNode.delete(nodeName);
    }
    this.#tell();
  }

  of(nodeName: string): ActiveFault | undefined {
    return this.#byNode.get(nodeName) ?? this.#ofAll;
  }

  /** Calls the listener after every change. Returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
