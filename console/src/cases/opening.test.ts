/** Who is offered which procedure to begin. */
import { expect, it } from 'vitest';
import type { Me, Procedure } from '../api/types';
import { mayOpen } from './opening';

const procedure = (by: string[], over: Partial<Procedure> = {}) =>
  ({
    start: 'draft',
    steps: [
      { from: ['draft'], by, person_roles: ['approver'] },
      { from: ['raised'], by: ['data_authority'], person_roles: ['approver'] },
    ],
    ...over,
  }) as unknown as Procedure;
const me = (roles: string[], person = ['approver']) =>
  ({ org: { id: 'org_1', roles }, roles: person }) as unknown as Me;

it('is for the roles that a matter names, whoever could take the first step', () => {
  const objection = procedure(['the_applicant'], { opened_by: ['operator', 'data_consumer'] });
  const may = (role: string) => mayOpen(objection, me([role]));
  expect(['operator', 'data_consumer', 'data_provider', 'data_authority'].map(may)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(mayOpen(objection, me(['data_provider', 'operator']))).toBe(true);
});

it('is for everybody where a matter names no role, but for administrators', () => {
  const complaint = procedure(['the_applicant'], { opened_by: [] });
  expect(mayOpen(complaint, me(['maintainer']))).toBe(true);
  expect(mayOpen(procedure(['the_applicant']), me(['data_consumer']))).toBe(true);
  expect(mayOpen(complaint, me(['data_authority'], ['audit_admin']))).toBe(false);
});

it('is never for whom a case concerns, nor for the clock', () => {
  const all = me(['data_authority', 'operator', 'data_provider', 'the_concerned']);
  expect(mayOpen(procedure(['the_concerned']), all)).toBe(false);
  expect(mayOpen(procedure(['clock']), all)).toBe(false);
  expect(mayOpen(procedure(['the_concerned', 'operator']), all)).toBe(true);
});

it('is for whoever takes the first step, in other procedures', () => {
  const demand = procedure(['the_operator']);
  expect(mayOpen(demand, me(['operator']))).toBe(true);
  expect(mayOpen(demand, me(['data_consumer']))).toBe(false);
});
