/**
 * What a person can do in a case now. The platform decides; this only keeps buttons away that would be
 * refused for sure: a step of other roles, of the author's own work, or a vote given already.
 */
import type { Case, Me, Procedure, Step } from '../api/types';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Whether a rule of exclusion keeps this person from a step. */
function excluded(step: Step, c: Case, me: Me): boolean {
  const author = [c.author, text(c.object['author'])];
  return step.not.some(
    (who) =>
      (who === 'author' && author.includes(me.person)) ||
      (who === 'author_org' && text(c.object['author_org']) === me.org.id) ||
      (who === 'applicant' && c.applicant === me.org.id),
  );
}

/** Whether the person, or for steps of several organisations the organisation, has acted in this round. */
export function alreadyDone(step: Step, c: Case, me: Me): boolean {
  const round = c.history.filter((done) => done.at >= c.entered_at && done.step === step.name);
  return round.some(
    (done) =>
      done.person === me.person ||
      (step.distinct_orgs && done.org === me.org.id) ||
      ((step.by.includes('each_provider') || step.by.includes('each_supervisor')) && done.org === me.org.id),
  );
}

/** The steps that the person can take now. */
export function actable(c: Case, procedure: Procedure | undefined, me: Me): Step[] {
  if (!procedure) return [];
  const held = (step: Step) =>
    step.person_roles.length === 0 || me.roles.some((role) => step.person_roles.includes(role));
  return procedure.steps.filter(
    (step) =>
      c.can_act.includes(step.name) && held(step) && !excluded(step, c, me) && !alreadyDone(step, c, me),
  );
}

/** The earliest time that is due in a case. */
export function due(c: Case): number | undefined {
  return c.deadlines.length > 0 ? Math.min(...c.deadlines.map((d) => d.at)) : undefined;
}

/** The way on from a state as long as there is but one: of a matter that can end in several ways, none is the usual one. */
function only(procedure: Procedure, state: string): Step[] {
  const way: Step[] = [];
  for (let at = state; ;) {
    const steps = procedure.steps.filter((s) => s.from.includes(at));
    const next = steps[0];
    const ahead = next && steps.every((s) => s.to === next.to) && !way.includes(next);
    if (!ahead) return way;
    way.push(next);
    at = next.to;
  }
}

/** The usual way on from a state: by approvals, to the first end at which something comes about; what may still lie ahead. */
export function ahead(procedure: Procedure, state: string): Step[] {
  // Of what is only kept on record nothing comes about.
  if (procedure.steps.every((s) => s.effects.length === 0)) return only(procedure, state);
  const queue: { state: string; way: Step[] }[] = [{ state, way: [] }];
  const seen = new Set([state]);
  const ends = new Set(procedure.states.filter((s) => s.end).map((s) => s.name));
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const step of procedure.steps.filter((s) => s.from.includes(next.state))) {
      const way = [...next.way, step];
      if (ends.has(step.to) && step.effects.length > 0) return way;
      if (!seen.has(step.to)) {
        seen.add(step.to);
        queue.push({ state: step.to, way });
      }
    }
  }
  return [];
}
