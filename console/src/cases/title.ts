/** What a case is about, in a few words. */
import type { Case } from '../api/types';
import type { Texts } from '../i18n';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The name of a case's object: its own name where it has one, else the organisation or id it is about. */
export function caseTitle(c: Case, pick: Texts['pick'], org: (id: string) => string): string {
  const o = c.object;
  const named = pick({ zh: text(o['zh']), en: text(o['en']) });
  if (named) return named;
  if (text(o['table'])) return text(o['table']);
  if (text(o['person'])) return text(o['person']);
  if (c.procedure && text(o['operator']) && !text(o['product'])) return org(text(o['operator']));
  if (text(o['provider'])) return org(text(o['provider']));
  return text(o['product']) || text(o['job']) || text(o['authorisation']) || c.id;
}
