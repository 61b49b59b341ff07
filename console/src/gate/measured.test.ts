import { expect, test } from 'vitest';
import { figuresOf, plotOf } from './measured';
import type { Check } from './types';

const check = (id: string, parameter: object, worst: object): Check => ({
  id,
  check: 1,
  verdict: 'pass',
  formula: '',
  parameter: parameter as Record<string, unknown>,
  worst: worst as Record<string, unknown>,
  zh: '',
  en: '',
});

test('every number of a finding has a row', () => {
  expect(figuresOf({ rows: 3, smallest: { person: 12 }, recounted: false, rest: null, t: '0.250' })).toEqual([
    { path: ['rows'], value: 3 },
    { path: ['smallest', 'person'], value: 12 },
    { path: ['recounted'], value: false },
    { path: ['rest'], value: null },
    { path: ['t'], value: '0.250' },
  ]);
});

test('the fewest subjects are drawn beside the least asked for', () => {
  const plot = plotOf(check('cells', { k: { person: 10 } }, { smallest: { person: 12 }, rows: 150 }));
  expect(plot).toMatchObject({ kind: 'least', names: ['person'], measured: [12], limits: [10] });
  expect(plotOf(check('cells', {}, { smallest: { person: 12 } }))).toBeNull();
  expect(plotOf(check('cells', {}, { recounted: false }))).toBeNull();
});

test('shares are drawn in percent; only ceilings stand beside ceilings', () => {
  const limits = { top2_permille: 900, rest_permille: 100, top1_permille: { enterprise: 700 } };
  const plot = plotOf(
    check('dominance', limits, {
      top1_permille: { enterprise: 310, person: 20 },
      top2_permille: 455,
      rest_permille: null,
    }),
  );
  expect(plot).toMatchObject({
    names: ['top2_permille', 'top1_permille enterprise'],
    measured: [45.5, 31],
    limits: [90, 70],
  });
});

test('classes stand in the order of their sizes', () => {
  const worst = { k: 2, classes_by_size: { '1': 0, '10-19': 4, '2': 1, '20+': 9, '3-4': 2, '5-9': 3 } };
  expect(plotOf(check('microdata', {}, worst))?.names).toEqual(['1', '2', '3-4', '5-9', '10-19', '20+']);
});

test('identifiers are summed by column; a clean column set is no plot', () => {
  const plot = plotOf(check('identifiers', {}, { note: { cn_mobile: 3, masked_identity: 2 } }));
  expect(plot).toMatchObject({ names: ['note'], measured: [5], limits: null });
  expect(plotOf(check('identifiers', {}, {}))).toBeNull();
  expect(plotOf(check('form', {}, { no_columns: 0 }))).toBeNull();
});
