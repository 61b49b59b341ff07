/**
 * What a matter names, which matters a person is offered about a thing, and which of those on record are about it.
 * The platform decides.
 */
import type { About, Case, Me, Procedure } from '../api/types';
import { mayOpen } from '../cases/opening';

const ORDER: readonly About[] = ['authorisation', 'product', 'resource', 'organisation'];

/** Things that a page knows, by what they are. */
export type Things = Partial<Record<About, string>>;

/** Whether the procedure handles matters. */
export const isMatter = (procedure: Procedure): boolean => procedure.object === 'matter';

/** Something that a matter names, or may name. */
export interface Place {
  about: About;
  required: boolean;
}

/** What a matter of this procedure names, in the order in which it is asked for. */
export function places(procedure: Procedure): Place[] {
  const { about = [], may_name: besides = [] } = procedure;
  return ORDER.filter((one) => about.includes(one) || besides.includes(one)).map((one) => ({
    about: one,
    required: about.includes(one),
  }));
}

/** The object from what was typed: nothing that the procedure does not name. Whose the things are is the platform's to say. */
export function matterObject(values: Record<string, unknown>, procedure: Procedure): Record<string, unknown> {
  const named = places(procedure).map(({ about }) => [about, values[about] || null]);
  return { title: String(values['title'] ?? '').trim(), ...Object.fromEntries(named) };
}

/** A matter that a person can begin, with the question of its form. */
export interface Offer {
  procedure: Procedure;
  ask: string;
}

/**
 * Matters that the person can begin about a thing of this kind: those that name such a thing, and those for which the page
 * knows everything that they must name. Nobody is offered one about the own organisation.
 */
export function offers(procedures: Procedure[], me: Me, kind: About, things: Things): Offer[] {
  const about = (p: Procedure) => {
    const all = places(p);
    const must = all.filter((place) => place.required);
    if (must.some((m) => m.about === 'organisation') && things.organisation === me.org.id) return false;
    return (
      all.some((place) => place.about === kind) || (must.length > 0 && must.every((m) => things[m.about]))
    );
  };
  return procedures
    .filter((p) => isMatter(p) && about(p) && mayOpen(p, me))
    .map((procedure) => {
      const ask = new URLSearchParams({ procedure: procedure.name });
      for (const { about: one } of places(procedure)) {
        const id = things[one];
        if (id) ask.set(one, id);
      }
      return { procedure, ask: String(ask) };
    });
}

/** Whether a case is about this thing. */
export function concerns(c: Case, kind: About, id: string): boolean {
  return c.object[kind] === id;
}

/** The organisations that a matter concerns: whom it names, and whose the things are that it names; each once. */
export function whom(c: Case): string[] {
  const found = ['organisation', 'operator', 'provider'].map((field) => c.object[field]);
  return [...new Set(found.filter((id): id is string => typeof id === 'string'))];
}
