import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { joins, purposeText } from './purpose';

const tables = [
  { table: 'citizens', fields: [{ name: 'citizen_id', domain: 'person' }] },
  {
    table: 'payments',
    fields: [
      { name: 'citizen_id', domain: 'person' },
      { name: 'ent_id', domain: 'enterprise' },
    ],
  },
  { table: 'districts', fields: [{ name: 'code', domain: '' }] },
];

test('tables with keys of one domain may be joined, others not', () => {
  expect(joins(tables)).toEqual([['citizens', 'payments']]);
});

test('the proposed text is YAML that says what was asked for', () => {
  const text = purposeText({ zh: '统计: "参保"', en: 'Statistics' }, tables, { person: 10 });
  expect(parse(text)).toEqual({
    name: 'statistical-product',
    scenario: { zh: '统计: "参保"', en: 'Statistics' },
    answer: 'aggregate',
    tables: ['citizens', 'payments', 'districts'],
    joins: [['citizens', 'payments']],
    thresholds: { person: 10 },
    history: { scope: 'organisation' },
  });
});
