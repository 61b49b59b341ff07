/**
 * The years that a log is cut into, as its own leaves tell: which are closed, and when the archive of each was bound in the
 * log last. What the platform's log says of the zone's years is only which archives it binds.
 */

import { fromBase64, fromUtf8 } from '../bytes';
import type { Entry } from './whole';

/** Archives are bound anew after so many years at the latest: signatures and hashes grow weak before records may go. */
const RENEWAL_YEARS = 5;
const CHINA = 8 * 3_600_000;

/** One year of a log. */
export interface Epoch {
  readonly log: 'platform' | 'zone';
  /** Its name: the year in which it began. */
  readonly year: number;
  /** Index of its first leaf, and the one after its last; `null` where the log here does not say. */
  readonly from: number | null;
  readonly to: number | null;
  /** When its closing checkpoint was signed; `null` for the running one, and where the log here does not say. */
  readonly closedAt: number | null;
  /** Digest of the archive that was bound last, and when. */
  readonly archive: string | null;
  readonly boundAt: number | null;
  /** When an archive of it must be bound (again) at the latest. */
  readonly due: number | null;
}

/** The same time of day in China some years on; the 28th of February for the 29th, where there is none. */
export function yearsOn(at: number, years: number): number {
  const then = new Date(at + CHINA);
  const month = then.getUTCMonth();
  then.setUTCFullYear(then.getUTCFullYear() + years);
  if (then.getUTCMonth() !== month) then.setUTCDate(0);
  return then.getTime() - CHINA;
}

/** The time of the closing checkpoint that a leaf `epoch_opened` holds. */
function closing(refs: Readonly<Record<string, string>>): number | null {
  const pieces = Object.keys(refs).filter((name) => /^note_\d\d$/.test(name));
  const note = fromBase64(
    pieces
      .sort()
      .map((name) => refs[name])
      .join(''),
  );
  const line =
    note &&
    fromUtf8(note)
      ?.split('\n')
      .find((l) => /^time -?\d+$/.test(l));
  return line ? Number(line.slice(5)) : null;
}

/** All years that the platform's log knows of: its own in order, then those of the zone whose archives it binds. */
export function epochs(entries: readonly Entry[]): Epoch[] {
  const bound = new Map<string, { archive: string; boundAt: number }>();
  for (const { leaf } of entries) {
    if (leaf.kind !== 'epoch_renewed') continue;
    for (const [name, archive] of Object.entries(leaf.refs)) bound.set(name, { archive, boundAt: leaf.at });
  }
  const of = (
    log: Epoch['log'],
    year: number,
    from: number | null,
    to: number | null,
    closedAt: number | null,
  ) => {
    const { archive, boundAt } = bound.get(`${log}_${year}`) ?? { archive: null, boundAt: null };
    const since = Math.max(boundAt ?? -Infinity, closedAt ?? -Infinity);
    return {
      log,
      year,
      from,
      to,
      closedAt,
      archive,
      boundAt,
      due: since > -Infinity ? yearsOn(since, RENEWAL_YEARS) : null,
    };
  };
  const out: Epoch[] = [];
  let [from, year] = [0, entries[0] ? new Date(entries[0].leaf.at + CHINA).getUTCFullYear() : 0];
  for (const { leaf } of entries) {
    if (leaf.kind !== 'epoch_opened') continue;
    const to = Number(leaf.refs['size']);
    out.push(of('platform', Number(leaf.refs['closed']), from, to, closing(leaf.refs)));
    [from, year] = [to, Number(leaf.refs['epoch'])];
  }
  if (entries.length > 0) out.push(of('platform', year, from, entries.length, null));
  const zone = [...bound.keys()].filter((name) => /^zone_\d+$/.test(name)).sort();
  return [...out, ...zone.map((name) => of('zone', Number(name.slice(5)), null, null, null))];
}
