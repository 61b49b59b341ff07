import { expect, test } from 'vitest';
import { dateOf } from './date';

test('no date is further away than a calendar counts', () => {
  expect(dateOf(0)?.toISOString()).toBe('1970-01-01T00:00:00.000Z');
  expect(dateOf(8.64e15)).not.toBeNull();
  expect(dateOf(8.64e15 + 1)).toBeNull();
  expect(dateOf(-8.64e15 - 1)).toBeNull();
  expect(dateOf(Number.MAX_SAFE_INTEGER)).toBeNull();
});
