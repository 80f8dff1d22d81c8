import type { Logger } from '../../src/log.ts';

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that keeps what it is told. */
export class LogRecorder implements Logger {
  readonly lines: LogLine[] = [];

  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', message, fields: { ...fields } });
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', message, fields: { ...fields } });
  }

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', message, fields: { ...fields } });
  }

  debug(fields: object, message: string): void {
    this.lines.push({ level: 'debug', message, fields: { ...fields } });
  }

  /** `level message` of the lines that an operator sees. */
  get told(): string[] {
    return this.lines
      .filter(({ level }) => level !== 'debug')
      .map(({ level, message }) => `${level} ${message}`);
  }
}
