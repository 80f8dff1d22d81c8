import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';

/** How a process ended, as a sentence fit for people. */
export interface ProcessEnd {
  readonly reason: string;
}

export interface ServerProcessSpec {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Standard output and error go there; what was in it is gone. */
  readonly logFile: string;
  /** Between the polite request to end and the impolite one, in ms. */
  readonly graceMs?: number;
  /** Ctrl-C in a terminal, and what else is sent to our process group, reaches us alone, who end it in our order. */
  readonly isApart?: boolean;
}

/** Starts the metrics server as a process of its own, as in life. */
export async function startServerProcess(spec: ServerProcessSpec): Promise<ServerProcess> {
  await using log = await open(spec.logFile, 'w', 0o600);
  const child = spawn(spec.command, spec.arguments, {
    env: spec.env,
    stdio: ['ignore', log.fd, log.fd],
    detached: spec.isApart ?? false,
  });
  return new ServerProcess(child, spec);
}

/** Our child; disposing it ends it, whatever state it is in. */
export class ServerProcess implements AsyncDisposable {
  /** Resolves when the process is gone, or could not be started. */
  readonly ended: Promise<ProcessEnd>;
  private readonly child: ChildProcess;
  private readonly spec: ServerProcessSpec;

  constructor(child: ChildProcess, spec: ServerProcessSpec) {
    this.child = child;
    this.spec = spec;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        resolve({ reason: `could not be started: ${error.message}` });
      });
      child.once('exit', (code, signal) => {
        resolve({
          reason: signal === null ? `ended with code ${code ?? '?'}` : `was ended by ${signal}`,
        });
      });
    });
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The last lines that it wrote, for a message about its end. */
  async lastWords(lines: number): Promise<string> {
    const text = await readFile(this.spec.logFile, 'utf8');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Ends it at once. Does nothing when it is gone already. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { graceMs = 3000 } = this.spec;
    this.child.kill('SIGTERM');
    const impatience = setTimeout(() => {
      this.kill();
    }, graceMs);
    await this.ended;
    clearTimeout(impatience);
  }
}
