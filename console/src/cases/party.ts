/** Who is a party to a case: as the platform judges it for evidence. */
import type { Case, Me, Procedure } from '../api/types';
import { oversees } from '../app/menu';

/** Members of an object that name an organisation. */
const NAMING = ['operator', 'consumer', 'provider', 'author_org', 'holder', 'agency', 'organisation'];

/**
 * The applicant, those named in the object, those who acted, and those who oversee. A matter that was not handed in is its
 * author's organisation's alone, and a confidential one is no case of those whom it names.
 */
export function partyTo(c: Case, me: Me, procedure: Procedure | undefined): boolean {
  const org = me.org.id;
  const matter = procedure?.object === 'matter';
  if (matter && c.state === procedure.start) return c.applicant === org;
  const handles = c.applicant === org || oversees(me) || c.history.some((d) => d.org === org);
  if (handles || (matter && procedure.confidential)) return handles;
  const resources = c.object['resources'];
  const provides =
    typeof resources === 'object' && resources !== null && Object.values(resources).includes(org);
  return provides || NAMING.some((field) => c.object[field] === org);
}
