import { getSystemErrorMessage } from 'node:util';

/** What the operating system said of a file, in the words of Go: `open /nope: no such file or directory`. */
export function fileErrorText(err: unknown): string {
  if (!Error.isError(err)) return String(err);
  const { errno, path, code } = err as NodeJS.ErrnoException;
  if (errno === undefined) return err.message;
  const verb = code === 'EISDIR' ? 'read' : 'open';
  return `${verb} ${path ?? ''}: ${getSystemErrorMessage(errno)}`;
}
