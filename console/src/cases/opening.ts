/**
 * Who may open a case of a procedure: who could take one of its first steps and has a role that the procedure names, where
 * it names any. The platform decides.
 */
import type { Me, Procedure } from '../api/types';

const RELATIONS: Record<string, string | null> = {
  the_operator: 'operator',
  the_consumer: 'data_consumer',
  the_provider: 'data_provider',
  each_provider: 'data_provider',
  // Who granted an authorisation is found in the case; whoever may grant may open.
  the_authoriser: 'data_authority',
  // Whoever hands in a plan is its holder.
  the_holder: null,
  // Whoever opens the case is the applicant, and the author's organisation is found in the object.
  the_applicant: null,
  the_author_org: 'operator',
  anyone: null,
};

/** Who opens nothing: the clock is nobody, and whom a case concerns is known only once it is open. */
const OPENS_NOTHING = ['clock', 'the_concerned'];

/** Whether the person's organisation and roles fit a first step. */
export function mayOpen(procedure: Procedure, me: Me): boolean {
  const named = procedure.opened_by ?? [];
  if (named.length > 0 && !named.some((role) => me.org.roles.includes(role))) return false;
  const first = procedure.steps.filter((s) => s.from.includes(procedure.start));
  return first.some((step) => {
    const org = step.by.some((by) => {
      if (OPENS_NOTHING.includes(by)) return false;
      const role = by in RELATIONS ? RELATIONS[by] : by;
      return role === null || (role !== undefined && me.org.roles.includes(role));
    });
    const person = step.person_roles.length === 0 || me.roles.some((r) => step.person_roles.includes(r));
    // Opening is for those who act; the step itself may be another colleague's.
    return org && (person || me.roles.some((r) => ['approver', 'officer', 'engineer'].includes(r)));
  });
}
