import { expect, test } from 'vitest';
import { changesOf } from './changes';

const contract = (version: string, fields: string) => `
version: ${version}
schema:
  - name: visits
    customProperties: [{property: yunyuSubjects, value: [{kind: person, key: id}]}]
    properties:
${fields}`;
const ID =
  '      - {name: id, logicalType: string, customProperties: [{property: yunyuClass, value: KEY}]}\n';
const district = (cls: string, more = '') =>
  `      - {name: district, logicalType: string${more}, customProperties: [{property: yunyuClass, value: ${cls}}]}\n`;

test('every difference is told, and what is the same is not', () => {
  const before = contract('1', ID + district('DIM') + '      - {name: old, logicalType: date}\n');
  const after = contract(
    '2',
    ID + district('LOCK', ', description: 区县') + '      - {name: ward, logicalType: string}\n',
  );
  const told = changesOf(before, after)?.map((c) =>
    [c.field, c.kind, c.property, c.before, c.after].join(' '),
  );
  expect(told).toEqual([
    ' changed document.version 1 2',
    'district changed customProperties.yunyuClass DIM LOCK',
    'district changed description  区县',
    'ward added   ',
    'ward changed logicalType  string',
    'old removed   ',
  ]);
  expect(changesOf(before, before)).toEqual([]);
});

test('whom the records are about is told as a change of the table', () => {
  const after = contract('1', ID).replace('key: id', 'key: other');
  expect(changesOf(contract('1', ID), after)?.map((c) => [c.field, c.property])).toEqual([
    ['', 'customProperties.yunyuSubjects'],
  ]);
});

test('a text that is no contract has no differences to tell', () => {
  for (const bad of ['', '{[', 'a: 1', 'schema: []']) {
    expect(changesOf(bad, contract('1', ID))).toBeNull();
    expect(changesOf(contract('1', ID), bad)).toBeNull();
  }
});

test('a property that moves to where it is not read is told', () => {
  const before = contract('1', ID + district('SEN'));
  const moved = before
    .replace('{property: yunyuClass, value: SEN}]', ']')
    .replace('name: district', 'name: district, yunyuClass: SEN');
  expect(moved).not.toBe(before);
  expect(changesOf(before, moved)?.map((c) => c.property)).toEqual([
    'customProperties.yunyuClass',
    'yunyuClass',
  ]);
  const up = before
    .replace('    customProperties: [{property: yunyuSubjects, value: [{kind: person, key: id}]}]\n', '')
    .replace(
      'schema:',
      'customProperties: [{property: yunyuSubjects, value: [{kind: person, key: id}]}]\nschema:',
    );
  expect(changesOf(before, up)?.map((c) => c.property)).toEqual([
    'customProperties.yunyuSubjects',
    'document.customProperties.yunyuSubjects',
  ]);
  const twice = before.replace(
    '{property: yunyuClass, value: SEN}',
    '{property: yunyuClass, value: SEN}, {property: yunyuClass, value: PUB}',
  );
  expect(changesOf(before, twice)?.map((c) => c.after)).toEqual(['SEN; PUB']);
});
