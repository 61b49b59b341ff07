import { expect, test } from 'vitest';
import { delimiterOf, encodingOf, isTableName, records, sampleEnd, sniff, tableName } from './sniff';

const utf8 = (text: string) => new TextEncoder().encode(text);
/** 区县 / 南山 / 市 in GB 18030. */
const GB = Uint8Array.from([
  0xc7, 0xf8, 0xcf, 0xd8, 0x2c, 0x6e, 0x0a, 0xc4, 0xcf, 0xc9, 0xbd, 0x2c, 0x31, 0x0a,
]);
const wide = (text: string, little: boolean) => {
  const out: number[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    out.push(...(little ? [c & 255, c >> 8] : [c >> 8, c & 255]));
  }
  return Uint8Array.from(out);
};

test('encodings are told apart, with and without a mark', () => {
  expect(encodingOf(utf8('区县,n\n南山,1\n'), false)).toBe('utf-8');
  expect(encodingOf(Uint8Array.from([0xef, 0xbb, 0xbf, ...utf8('a,b\n')]), false)).toBe('utf-8-bom');
  expect(encodingOf(GB, false)).toBe('gb18030');
  expect(encodingOf(wide('name,n\nabc,1\n', true), false)).toBe('utf-16le');
  expect(encodingOf(wide('name,n\nabc,1\n', false), false)).toBe('utf-16be');
  expect(encodingOf(Uint8Array.from([0xff, 0xfe, ...wide('区,县\n', true)]), false)).toBe('utf-16le');
  expect(encodingOf(utf8('plain,ascii\n1,2\n'), false)).toBe('utf-8');
});

test('a head cut in the middle of a character is still UTF-8', () => {
  const whole = utf8('区县,名\n南山,深圳\n');
  expect(encodingOf(whole.subarray(0, whole.length - 2), true)).toBe('utf-8');
  const seen = sniff(whole.subarray(0, whole.length - 2), true);
  expect([seen.header, seen.unreadable]).toEqual([['区县', '名'], 0]);
});

test('GB 18030 is read as what it says', () => {
  const seen = sniff(GB, false);
  expect(seen.header).toEqual(['区县', 'n']);
  expect(seen.rows).toEqual([['南山', '1']]);
});

test('a byte order mark is no part of the first name', () => {
  expect(sniff(Uint8Array.from([0xef, 0xbb, 0xbf, ...utf8('id,x\n1,2\n')]), false).header).toEqual([
    'id',
    'x',
  ]);
  expect(sniff(Uint8Array.from([0xff, 0xfe, ...wide('id,x\n1,2\n', true)]), false).header).toEqual([
    'id',
    'x',
  ]);
});

test('delimiters in quotes do not count', () => {
  expect(delimiterOf('a;b;"c,d,e,f"\n')).toBe(';');
  expect(delimiterOf('a\tb\n')).toBe('\t');
  expect(delimiterOf('alone\n')).toBe(',');
});

test('quotes, doubled quotes, line ends and blank lines', () => {
  const text = 'a,b\r\n"x, ""y""\nz",2\r\n\r\n3,\r\n';
  expect(records(text, ',', false)).toEqual([
    ['a', 'b'],
    ['x, "y"\nz', '2'],
    ['3', ''],
  ]);
});

test('what does not fit is counted', () => {
  const bytes = Uint8Array.from([...utf8('区,b\n1,2\n3\n4,5,6\n'), 0xff, 0xfe, 0x41, 0x0a]);
  const seen = sniff(bytes, false, { encoding: 'utf-8' });
  expect([seen.looked, seen.ragged, seen.unreadable]).toEqual([4, 3, 1]);
});

test('table names are names that SQL knows', () => {
  expect(tableName('Fees 2026-Q1.csv')).toBe('fees_2026_q1');
  expect(tableName('2026年.csv')).toBe('t_2026');
  expect(isTableName(tableName('医保.csv'))).toBe(true);
  expect(isTableName('Fees')).toBe(false);
});

test('a sample ends behind a whole line', () => {
  expect(sampleEnd(utf8('ab\ncd'), 'utf-8')).toBe(3);
  expect(sampleEnd(utf8('abcd'), 'utf-8')).toBe(4);
  expect(sampleEnd(wide('ab\ncd', true), 'utf-16le')).toBe(6);
  expect(sampleEnd(wide('ab\ncd', false), 'utf-16be')).toBe(6);
  // U+0A41 holds a byte that looks like a line feed.
  expect(sampleEnd(wide('a\n\u0a41', false), 'utf-16be')).toBe(4);
});
