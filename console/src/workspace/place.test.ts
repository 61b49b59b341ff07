import { expect, test } from 'vitest';
import { spanAt } from './place';

const SQL = 'SELECT 姓名, c.id\nFROM 𠮷田 t\nWHERE x > 1';
const at = (line: number, column: number) => {
  const span = spanAt(SQL, { line, column });
  return span && SQL.slice(span.from, span.to);
};

test('a place is the word that stands there', () => {
  expect(at(1, 8)).toBe('姓名');
  expect(at(1, 12)).toBe('c.id');
  expect(at(2, 6)).toBe('𠮷田');
  // Behind a character outside of the basic plane units and characters differ.
  expect(at(2, 9)).toBe('t');
  expect(at(3, 9)).toBe('>');
});

test('no place, no mark', () => {
  expect(at(0, 0)).toBeNull();
  expect(at(9, 1)).toBeNull();
  expect(at(1, 99)).toBeNull();
  expect(spanAt('', { line: 1, column: 1 })).toBeNull();
  expect(at(3, 12)).toBe('1');
});
