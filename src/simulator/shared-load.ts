import type { Step, Workload } from './workloads.ts';

const MIB = 1024 * 1024;

interface Amounts {
  readonly milliCores: number;
  readonly memoryMib: number;
}

interface Member {
  startMs: number;
  readonly cpu: Step[];
  readonly memory: Step[];
}

/**
 * A load that containers share evenly, as requests are by a Service: whoever comes takes a part of it from the
 * others, whoever goes leaves theirs to them. What was used before a change stays as it was.
 */
export class SharedLoad {
  private total: Amounts;
  private readonly members = new Map<string, Member>();

  constructor(total: Amounts) {
    this.total = total;
  }

  /** From now on. */
  set(total: Amounts, nowMs: number): void {
    this.total = total;
    this.share(nowMs);
  }

  /** What a container does from its start on. Its `key` is for `startsAt` and `leave`. */
  join(key: string, nowMs: number): Workload {
    const member: Member = { startMs: nowMs, cpu: [], memory: [] };
    this.members.set(key, member);
    this.share(nowMs);
    return {
      kind: 'steady',
      cpu: { shape: 'steps', steps: member.cpu },
      memory: { shape: 'steps', steps: member.memory },
      lives: undefined,
    };
  }

  /** Of a container that joined: from when its age counts, which may be later than now. */
  startsAt(key: string, startMs: number): void {
    const member = this.members.get(key);
    if (member) member.startMs = startMs;
  }

  /** Does nothing for somebody who is not there. */
  leave(key: string, nowMs: number): void {
    if (this.members.delete(key)) this.share(nowMs);
  }

  private share(nowMs: number): void {
    const count = Math.max(1, this.members.size);
    const microCores = Math.floor((this.total.milliCores * 1000) / count);
    const bytes = Math.floor((this.total.memoryMib * MIB) / count);
    for (const { startMs, cpu, memory } of this.members.values()) {
      const fromMs = Math.max(0, Math.floor(nowMs) - startMs);
      put(cpu, { fromMs, amount: microCores });
      put(memory, { fromMs, amount: bytes });
    }
  }
}

/** Adds a step, in the place of the last one where that began at the same moment. */
function put(steps: Step[], step: Step): void {
  if (steps.at(-1)?.fromMs === step.fromMs) steps.pop();
  steps.push(step);
}
