/** Who is offered which of withdrawal, sealing and unsealing, and in which state of the resource. */

import { expect, it } from 'vitest';
import type { Me, Procedure } from '../api/types';
import { fits, mayTake, takes } from './taking';

const procedure = (by: string[], effect: string) =>
  ({
    start: 'draft',
    steps: [
      { from: ['draft'], by, person_roles: ['approver'], effects: [] },
      { from: ['proposed'], by: ['data_authority'], person_roles: ['approver'], effects: [effect] },
    ],
  }) as unknown as Procedure;
const withdrawal = procedure(['the_provider'], 'order_withdraw');
const sealing = procedure(['the_provider', 'data_authority'], 'order_seal');
const unsealing = procedure(['the_provider', 'data_authority'], 'order_unseal');
const me = (id: string, role: string, roles = ['approver']) =>
  ({ org: { id, roles: [role] }, roles }) as unknown as Me;

it('is offered to the provider itself and, where the step says so, to the authority', () => {
  const asked = (who: Me) => [withdrawal, sealing, unsealing].map((p) => mayTake(p, who, 'org_1'));
  expect(asked(me('org_1', 'data_provider'))).toEqual([true, true, true]);
  expect(asked(me('org_1', 'data_provider', ['officer']))).toEqual([true, true, true]);
  expect(asked(me('org_2', 'data_provider'))).toEqual([false, false, false]);
  expect(asked(me('org_3', 'data_authority'))).toEqual([false, true, true]);
  expect(asked(me('org_4', 'operator'))).toEqual([false, false, false]);
  expect(asked(me('org_3', 'data_authority', ['system_admin']))).toEqual([false, false, false]);
});

it('fits the state of the resource', () => {
  const states = ['submitted', 'catalogued', 'sealed', 'withdrawn'];
  const fit = (p: Procedure) => states.filter((s) => fits(p, s));
  expect(fit(withdrawal)).toEqual(['catalogued', 'sealed']);
  expect(fit(sealing)).toEqual(['catalogued']);
  expect(fit(unsealing)).toEqual(['sealed']);
  const meanwhile = (p: Procedure) => fits(p, 'sealed', true);
  expect([withdrawal, sealing, unsealing].map(meanwhile)).toEqual([true, true, false]);
  const other = procedure(['anyone'], 'order_job');
  expect([takes(other), fit(other)]).toEqual([undefined, []]);
});
