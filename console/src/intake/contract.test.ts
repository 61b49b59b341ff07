import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { contractWith, draftsOf, faultsOf } from './contract';
import type { Draft } from './contract';

const TEXT = `apiVersion: v3.1.0
kind: DataContract
id: fees
schema:
- name: fees
  customProperties:
  - property: yunyuSubjects
    value:
    - kind: person
      key: pid
  properties:
  - name: pid
    logicalType: string
    classification: "4"
    unique: true
    customProperties:
    - property: yunyuClass
      value: KEY
    - property: yunyuDomain
      value: person
    - property: yunyuMask
      value:
        operator: keep
  - name: amount
    logicalType: number
    classification: "2"
    customProperties:
    - property: yunyuClass
      value: MEA
    - property: yunyuGrid
      value: 0.5
    - property: yunyuClamp
      value: [0, 100]
`;

const drafts = () => draftsOf(TEXT) as Draft[];

test('fields are read as they stand', () => {
  const [pid, amount] = drafts();
  expect(pid).toMatchObject({ name: 'pid', class: 'KEY', domain: 'person', level: 4, type: 'string' });
  expect(amount).toMatchObject({ class: 'MEA', grid: '0.5', clamp: ['0', '100'] });
  expect(draftsOf(': [')).toBeNull();
  expect(draftsOf('a: 1')).toBeNull();
});

test('unchanged fields give the same contract', () => {
  const same = parse(contractWith(TEXT, drafts())) as {
    schema: { properties: { customProperties: object[] }[] }[];
  };
  const before = parse(TEXT) as typeof same;
  const sorted = (x: typeof same) =>
    x.schema[0]?.properties.map((p) =>
      [...p.customProperties].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    );
  expect(sorted(same)).toEqual(sorted(before));
  expect(same.schema[0]?.properties.map((p) => ({ ...p, customProperties: 0 }))).toEqual(
    before.schema[0]?.properties.map((p) => ({ ...p, customProperties: 0 })),
  );
});

test('a decision changes its field, drops what its class does not go by, and nothing else', () => {
  const [pid, amount] = drafts() as [Draft, Draft];
  const text = contractWith(TEXT, [
    { ...pid, class: 'LOCK' },
    { ...amount, grid: '10', description: '费用: 元' },
  ]);
  const [locked, step] = draftsOf(text) as [Draft, Draft];
  // Locked, it is still a key of people; as a dimension it is none.
  expect([locked.class, locked.domain]).toEqual(['LOCK', 'person']);
  const grouped = draftsOf(contractWith(TEXT, [{ ...pid, class: 'DIM' }, amount])) as [Draft, Draft];
  expect([grouped[0].class, grouped[0].domain]).toEqual(['DIM', '']);
  expect([step.grid, step.description, step.clamp]).toEqual(['10', '费用: 元', ['0', '100']]);
  const fields = (
    parse(text) as { schema: { properties: { unique?: boolean; customProperties: unknown[] }[] }[] }
  ).schema[0]?.properties;
  expect(fields?.[0]?.unique).toBe(true);
  expect(JSON.stringify(fields?.[0]?.customProperties)).toContain('yunyuMask');
  expect(text).toContain('yunyuSubjects');
});

test('what cannot be is said before it is sent', () => {
  const [pid, amount] = drafts() as [Draft, Draft];
  expect(faultsOf(pid)).toEqual([]);
  expect(faultsOf({ ...pid, domain: ' ' })).toEqual(['keyDomain']);
  expect(faultsOf({ ...amount, type: 'string' })).toEqual(['classType']);
  expect(faultsOf({ ...amount, grid: '0' })).toEqual(['measureGrid']);
  expect(faultsOf({ ...amount, clamp: ['5', '1'] })).toEqual(['clamp']);
  expect(faultsOf({ ...amount, class: 'TIME', type: 'date', grid: '0.5' })).toEqual(['timeGrid']);
  expect(faultsOf({ ...amount, class: '' })).toEqual(['unclear']);
});
