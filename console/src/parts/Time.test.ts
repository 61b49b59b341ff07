import { expect, test } from 'vitest';
import { dateTime, day } from './Time';

test('a time is that of the city, and the number where it is no date', () => {
  expect(dateTime(0, 'zh')).toBe('1970-01-01 08:00');
  expect(dateTime(0, 'en')).toBe('1970-01-01 08:00');
  expect(day(0)).toBe('1970-01-01');
  expect(dateTime(Number.MAX_SAFE_INTEGER, 'en')).toBe('9007199254740991');
});
