import { expect, test } from 'vitest';
import { compare } from './digests';

const gate = { report: 'sm3:r', artefact: 'sm3:a' };
const object = { gate_report: 'sm3:r', artefact: 'sm3:a' };

test('all that can be compared is compared', () => {
  const all = compare({ computed: 'sm3:r', artefact: 'sm3:a', gate, object });
  expect(all.map((c) => c.what)).toEqual(['reportJob', 'artefactJob', 'reportCase', 'artefactCase']);
  expect(all.every((c) => c.same)).toBe(true);
});

test('another report, another artefact, another case: each is found', () => {
  const wrong = (sources: Parameters<typeof compare>[0]) =>
    compare(sources)
      .filter((c) => !c.same)
      .map((c) => c.what);
  expect(wrong({ computed: 'sm3:x', artefact: 'sm3:a', gate, object })).toEqual(['reportJob', 'reportCase']);
  expect(wrong({ computed: 'sm3:r', artefact: 'sm3:x', gate, object })).toEqual([
    'artefactJob',
    'artefactCase',
  ]);
  const other = { ...object, gate_report: 'sm3:y' };
  expect(wrong({ computed: 'sm3:r', artefact: 'sm3:a', gate, object: other })).toEqual(['reportCase']);
});

test('a job without a gate compares nothing', () => {
  expect(compare({ computed: 'sm3:r', artefact: 'sm3:a', gate: null })).toEqual([]);
});
