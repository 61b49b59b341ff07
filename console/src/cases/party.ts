/** Who is a party to a case: as the platform judges it for evidence. */
import type { Case, Me } from '../api/types';
import { oversees } from '../app/menu';

/** The applicant, those named in the object, those who acted, and those who oversee. */
export function partyTo(c: Case, me: Me): boolean {
  const org = me.org.id;
  const named = ['operator', 'consumer', 'provider', 'author_org'].some((field) => c.object[field] === org);
  const resources = c.object['resources'];
  const provides =
    typeof resources === 'object' && resources !== null && Object.values(resources).includes(org);
  return c.applicant === org || named || provides || oversees(me) || c.history.some((d) => d.org === org);
}
