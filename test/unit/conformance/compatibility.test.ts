import { describe, expect, test } from '@jest/globals';
import { deviationTable } from '../../conformance/compatibility.ts';
import { DEVIATIONS } from '../../conformance/deviations.ts';
import { OWN_EXCHANGES, readExchanges } from '../../conformance/exchanges.ts';
import { expectGoldenBlock } from '../../support/golden.ts';

describe('docs/compatibility.md', () => {
  test('lists every deviation with the exchanges that show it', () => {
    const table = deviationTable(DEVIATIONS, readExchanges(OWN_EXCHANGES));

    expectGoldenBlock('docs/compatibility.md', 'deviations', table);
  });

  test('says so when no recorded exchange shows one', () => {
    const unseen = { name: 'x', upstream: 'a', here: 'b', why: 'c', edit: () => undefined };

    expect(deviationTable([unseen], readExchanges(OWN_EXCHANGES))).toBe(
      [
        '| Upstream | Here | Why | Exchanges     |',
        '| -------- | ---- | --- | ------------- |',
        '| a        | b    | c   | none recorded |',
      ].join('\n'),
    );
  });
});
