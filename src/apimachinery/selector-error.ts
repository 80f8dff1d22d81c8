/** A label or field selector that cannot be read. The message is the Go API server's, to the character. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}
