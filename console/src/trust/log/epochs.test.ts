/** The years of a log, from leaves as the program writes them. */

import { describe, expect, it } from 'vitest';
import { toBase64, utf8 } from '../bytes';
import { epochs, yearsOn } from './epochs';
import type { Leaf } from './leaf';
import type { Entry } from './whole';

const at = (text: string) => Date.parse(`${text}+08:00`);

function entries(...leaves: [string, string, Record<string, string>?][]): Entry[] {
  return leaves.map(([kind, time, refs = {}], index) => {
    const leaf = { v: 1, log: 'platform', at: at(time), kind, case: null, refs, outcome: 'done' };
    return { index, leaf: leaf as unknown as Leaf, bytes: new Uint8Array(), hash: '' };
  });
}

/** The references of an opening; the note it holds stands in pieces. */
function opening(closed: number, epoch: number, size: number, time: string): Record<string, string> {
  const note = toBase64(utf8(`city/platform\n${size}\nroot\ntime ${at(time)}\n\n— city/platform x\n`));
  const pieces = note.match(/.{1,24}/g) ?? [];
  const named = pieces.map((piece, i) => [`note_${String(i + 1).padStart(2, '0')}`, piece] as const);
  return { closed: String(closed), epoch: String(epoch), size: String(size), ...Object.fromEntries(named) };
}

describe('the years of a log', () => {
  it('are one, the running one, where none was closed', () => {
    expect(epochs([])).toEqual([]);
    const nothing = { closedAt: null, archive: null, boundAt: null, due: null };
    const [one, ...more] = epochs(entries(['sign_in', '2027-01-01T00:30']));
    expect(one).toEqual({ log: 'platform', year: 2027, from: 0, to: 1, ...nothing });
    expect(more).toEqual([]);
  });

  it('are told by the leaves that opened and bound them', () => {
    const told = epochs(
      entries(
        ['sign_in', '2026-12-31T10:00'],
        ['sign_in', '2026-12-31T23:00'],
        ['act', '2027-01-01T00:00'],
        ['epoch_opened', '2027-01-01T00:00', opening(2026, 2027, 2, '2026-12-31T23:59')],
        ['epoch_renewed', '2027-02-01T08:00', { platform_2026: 'sm3:aa', zone_2026: 'sm3:bb' }],
        ['epoch_opened', '2030-01-01T00:00', opening(2027, 2030, 5, '2030-01-01T00:00')],
        ['epoch_renewed', '2032-01-05T08:00', { platform_2026: 'sm3:cc' }],
      ),
    );
    expect(told.map((e) => [e.log, e.year, e.from, e.to])).toEqual([
      ['platform', 2026, 0, 2],
      ['platform', 2027, 2, 5],
      ['platform', 2030, 5, 7],
      ['zone', 2026, null, null],
    ]);
    expect(told.map((e) => e.closedAt)).toEqual([at('2026-12-31T23:59'), at('2030-01-01T00:00'), null, null]);
    expect(told.map((e) => e.archive)).toEqual(['sm3:cc', null, null, 'sm3:bb']);
    expect(told.map((e) => e.boundAt)).toEqual([at('2032-01-05T08:00'), null, null, at('2027-02-01T08:00')]);
    const due = [at('2037-01-05T08:00'), at('2035-01-01T00:00'), null, at('2032-02-01T08:00')];
    expect(told.map((e) => e.due)).toEqual(due);
  });

  it('are due on the same day, or the last of that month', () => {
    expect(yearsOn(at('2028-02-29T07:00'), 5)).toBe(at('2033-02-28T07:00'));
    expect(yearsOn(at('2028-02-29T07:00'), 4)).toBe(at('2032-02-29T07:00'));
    expect(yearsOn(at('2027-01-01T00:30'), 5)).toBe(at('2032-01-01T00:30'));
  });
});
