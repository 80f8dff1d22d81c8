/** What an error says. `Error.isError` also knows errors of other realms, which `instanceof` does not. */
export function messageOf(error: unknown): string {
  return Error.isError(error) ? error.message : String(error);
}
