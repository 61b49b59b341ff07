/** Authorisations that are known by the case in which they were granted: providers see those cases, and no list of authorisations. */
import type { Case, Procedure } from '../api/types';

/** An authorisation as its case names it. */
export interface Granted {
  id: string;
  operator: string;
  mode: string;
}

/** Those whose case has taken the step that started them. */
export function grantedBy(cases: Case[], procedures: Procedure[]): Granted[] {
  return cases.flatMap((c) => {
    const steps = procedures.find((p) => p.name === c.procedure)?.steps ?? [];
    const starts = steps.filter((s) => s.effects.includes('activate_authorisation')).map((s) => s.name);
    const granted = c.history.some((done) => starts.includes(done.step) && done.decision === 'approve');
    const { authorisation: id, operator, mode } = c.object;
    return granted && typeof id === 'string'
      ? [{ id, operator: String(operator ?? ''), mode: String(mode ?? '') }]
      : [];
  });
}
