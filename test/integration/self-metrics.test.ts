import { beforeAll, describe, expect, test } from '@jest/globals';
import { ALERT_RULES, isSelected, selectorsOf } from '../support/alert-rules.ts';
import { ownFamilies } from '../support/own-families.ts';
import { pageAfterUse } from '../support/own-page.ts';

let page: string;

beforeAll(async () => {
  page = await pageAfterUse();
});

describe('the page of metrics', () => {
  test('shows the families of docs/metrics.md, and no others', () => {
    const shown = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [
      name,
      type,
    ]);

    expect(shown).toEqual(ownFamilies().map(({ name, type }) => [name, type]));
  });

  test('has samples of every family, but for what did not happen', () => {
    const silent = ownFamilies()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('nodejs_')) // what the runtime does is its own affair
      .filter((name) => !new RegExp(`^${name}(_count)?[ {]`, 'm').test(page));

    expect(silent).toEqual([
      'apiserver_request_aborts_total',
      'apiserver_request_post_timeout_total',
      'apiserver_request_terminations_total',
    ]);
  });

  test('has no series twice', () => {
    const series = page
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.slice(0, line.lastIndexOf(' ')));

    expect(series.length).toBe(new Set(series).size);
  });
});

describe('the series of an expression', () => {
  const rows = [...ALERT_RULES].flatMap(([alert, expression]) =>
    selectorsOf(expression).map((selector) => ({ alert, name: selector.name, selector })),
  );

  test.each(rows.filter(({ name }) => name !== 'apiserver_request_terminations_total'))(
    '$alert finds its $name',
    ({ selector }) => {
      const found = page.split('\n').filter((line) => isSelected(line, selector));

      expect(found).not.toEqual([]);
    },
  );
});
