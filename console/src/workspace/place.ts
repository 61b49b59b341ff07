/** Places in a text: the zone counts lines and characters from 1, the editor counts UTF-16 units from 0. */

/** A stretch of a text. */
export interface Span {
  from: number;
  to: number;
}

/** Letters that belong together as one word of SQL. */
const WORD = /[\p{L}\p{N}_.$]/u;

/**
 * The word at a line and character, or the single character where it is none.
 *
 * @returns `null` where the text has no such place
 */
export function spanAt(text: string, at: { line: number; column: number }): Span | null {
  if (at.line < 1 || at.column < 1) return null;
  let start = 0;
  for (let line = 1; line < at.line; line += 1) {
    const end = text.indexOf('\n', start);
    if (end < 0) return null;
    start = end + 1;
  }
  const stop = text.indexOf('\n', start);
  const line = text.slice(start, stop < 0 ? text.length : stop);
  // Characters, not UTF-16 units.
  const characters = [...line];
  const before = characters.slice(0, at.column - 1).join('').length;
  if (at.column - 1 > characters.length) return null;
  let length = 0;
  for (const c of characters.slice(at.column - 1)) {
    if (length > 0 && !WORD.test(c)) break;
    length += c.length;
    if (!WORD.test(c)) break;
  }
  const from = start + before;
  // At the end of a line there is nothing to mark: the last character before it stands for it.
  if (length === 0) return from > start ? { from: from - 1, to: from } : null;
  return { from, to: from + length };
}
