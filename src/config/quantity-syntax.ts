const NUMBER_AND_SUFFIX = /^[+-]?\d*(?:\.\d*)?([eEinumkKMGTP]*[-+]?\d*)$/;
const SUFFIX = /^(?:[numkMGTPE]?|[KMGTPE]i|[eE][+-]?\d+)$/;

/** Says what upstream says of a quantity that is none: apimachinery/pkg/api/resource. @throws SyntaxError. */
export function checkQuantity(text: string): void {
  const [, suffix] = NUMBER_AND_SUFFIX.exec(text) ?? [];
  if (text === '' || suffix === undefined) {
    throw new SyntaxError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  }
  if (!SUFFIX.test(suffix)) throw new SyntaxError("unable to parse quantity's suffix");
}
