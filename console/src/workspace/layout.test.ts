import { expect, test } from 'vitest';
import { ROW, drawingOf, fitted } from './layout';

const lineage = [
  { column: 'district', indirect: ['a.x'], sources: [{ table: 'b', column: 'd', transform: 'identity' }] },
  {
    column: 'mean',
    indirect: [],
    sources: [
      { table: 'a', column: 'fee', transform: 'aggregate' },
      { table: 'b', column: 'd', transform: 'aggregate' },
    ],
  },
  { column: 'n', indirect: [], sources: [] },
];

test('every source stands once, every line ends at its boxes, nothing overlaps', () => {
  const drawing = drawingOf(lineage);
  expect(drawing.tables.map((one) => one.name)).toEqual(['a', 'b']);
  expect(drawing.sources.map((one) => `${one.table}.${one.name}`)).toEqual(['a.fee', 'b.d']);
  expect(drawing.lines).toEqual([
    { from: 1, to: 0, transform: 'identity' },
    { from: 0, to: 1, transform: 'aggregate' },
    { from: 1, to: 1, transform: 'aggregate' },
  ]);
  for (const side of [[...drawing.tables, ...drawing.sources], drawing.columns]) {
    const ys = side.map((one) => one.y).sort((p, q) => p - q);
    ys.slice(1).forEach((y, i) => expect(y - (ys[i] ?? 0)).toBeGreaterThanOrEqual(ROW));
    expect(Math.max(...ys) + ROW).toBeLessThanOrEqual(drawing.height + ROW);
  }
});

test('an answer without sources is drawn too', () => {
  expect(drawingOf([{ column: 'n', indirect: [], sources: [] }]).columns).toEqual([{ name: 'n', y: 0 }]);
});

test('names are cut by characters', () => {
  expect(fitted('区县名称很长', 4)).toBe('区县名…');
  expect(fitted('ok', 4)).toBe('ok');
});
