/** Who is a party to a case: of matters not everybody whom they name. */
import { expect, it } from 'vitest';
import type { Case, Me, Procedure } from '../api/types';
import { partyTo } from './party';

const me = (id: string, ...roles: string[]) => ({ org: { id, roles }, roles: ['officer'] }) as unknown as Me;
const c = (over: Partial<Case> = {}) =>
  ({
    state: 'filed',
    applicant: 'org_a',
    object: { organisation: 'org_b', operator: null, provider: 'org_p' },
    history: [{ org: 'org_h' }],
    ...over,
  }) as unknown as Case;
const matter = (confidential: boolean) =>
  ({ object: 'matter', start: 'draft', confidential }) as unknown as Procedure;
const everybody = [
  me('org_a'),
  me('org_b'),
  me('org_p'),
  me('org_h'),
  me('org_o', 'data_authority'),
  me('org_x'),
];
const parties = (one: Case, procedure?: Procedure) =>
  everybody.filter((who) => partyTo(one, who, procedure)).map((who) => who.org.id);

it('is who opened it, who is named, who acted and who oversees', () => {
  expect(parties(c(), matter(false))).toEqual(['org_a', 'org_b', 'org_p', 'org_h', 'org_o']);
  const resources = c({ object: { resources: { res_1: 'org_x' } } });
  expect(parties(resources)).toEqual(['org_a', 'org_h', 'org_o', 'org_x']);
});

it('is not who is named in a confidential matter', () => {
  expect(parties(c(), matter(true))).toEqual(['org_a', 'org_h', 'org_o']);
});

it('is its author’s organisation alone as long as it was not handed in', () => {
  expect(parties(c({ state: 'draft' }), matter(false))).toEqual(['org_a']);
});
