import fc from 'fast-check';

/** How many cases each property is tried with; `FC_RUNS` says otherwise. */
const CASES = numberFrom('FC_RUNS') ?? 10_000;

/**
 * Where the cases begin: the same in every run, so that a green commit stays green; `FC_SEED` looks
 * elsewhere. A failure prints its seed, its path and the smallest case that fails.
 */
const SEED = numberFrom('FC_SEED') ?? 20_261_121;

function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${name}: expected a number, got "${text}"`);
  return value;
}

/** Tries `hold` with CASES cases, or where one of them takes long, with one in so many of that. */
export function forAll<Case>(
  cases: fc.Arbitrary<Case>,
  hold: (one: Case) => void,
  oneIn = 1,
): void {
  fc.assert(fc.property(cases, hold), { numRuns: Math.ceil(CASES / oneIn), seed: SEED });
}

/**
 * The same for what takes a server: CASES cases in all, in batches that go out together. A batch that fails
 * is not made smaller, which would take minutes: `hold` compares lists that name their cases.
 */
export async function forAllBatches<Case>(
  cases: fc.Arbitrary<Case>,
  batch: number,
  hold: (batch: readonly Case[]) => Promise<void>,
): Promise<void> {
  const batches = fc.array(cases, { minLength: batch, maxLength: batch });
  const settings = { numRuns: Math.ceil(CASES / batch), seed: SEED, endOnFailure: true };
  await fc.assert(fc.asyncProperty(batches, hold), settings);
}

/**
 * What `valid` makes, in `mistaken` of ten cases with up to three small mistakes made of `pieces`: something
 * left out, put in, put in its place, or written twice.
 */
export function mutated(
  valid: fc.Arbitrary<string>,
  pieces: readonly string[],
  mistaken = 6,
): fc.Arbitrary<string> {
  const mistake: fc.Arbitrary<Mistake> = fc.record({
    at: fc.nat(200),
    kind: fc.constantFrom<Mistake['kind'][]>('drop', 'insert', 'replace', 'repeat'),
    piece: fc.constantFrom(...pieces),
    length: fc.integer({ min: 1, max: 3 }),
  });
  return fc
    .tuple(
      valid,
      fc.oneof(
        { weight: 10 - mistaken, arbitrary: fc.constant<Mistake[]>([]) },
        { weight: mistaken, arbitrary: fc.array(mistake, { minLength: 1, maxLength: 3 }) },
      ),
    )
    .map(([text, mistakes]) =>
      mistakes.length === 0
        ? text
        : mistakes
            .reduce((before, mistake) => withMistake(before, mistake), Array.from(text))
            .join(''),
    );
}

interface Mistake {
  readonly at: number;
  readonly kind: 'drop' | 'insert' | 'replace' | 'repeat';
  readonly piece: string;
  readonly length: number;
}

/** Works on code points, so that no surrogate is torn from its pair. */
function withMistake(letters: string[], { at, kind, piece, length }: Mistake): string[] {
  const from = at % (letters.length + 1);
  const [head, tail] = [letters.slice(0, from), letters.slice(from)];
  switch (kind) {
    case 'drop':
      return [...head, ...tail.slice(length)];
    case 'insert':
      return [...head, ...Array.from(piece), ...tail];
    case 'replace':
      return [...head, ...Array.from(piece), ...tail.slice(length)];
    case 'repeat':
      return [...head, ...tail.slice(0, length), ...tail];
  }
}
