/**
 * The query that a person is writing, one for each grant, kept in this browser. A query holds names and the author's
 * own words, no record; it stays until it is emptied.
 */
const PREFIX = 'yunyu.work.';

const slot = (person: string, grant: string) => `${PREFIX}${person}.${grant}`;

/** What was written before; empty where nothing was. */
export function draftSql(person: string, grant: string): string {
  try {
    return localStorage.getItem(slot(person, grant)) ?? '';
  } catch {
    return '';
  }
}

/** Keeps what is written. */
export function keepSql(person: string, grant: string, sql: string): void {
  try {
    if (sql.trim() === '') localStorage.removeItem(slot(person, grant));
    else localStorage.setItem(slot(person, grant), sql);
  } catch {
    // A full store only means that a reload forgets.
  }
}
