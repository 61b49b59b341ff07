/** What a matter names, what is offered about a thing, and that every city's words for its choices are there. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { expect, it } from 'vitest';
import type { About, Case, Me, Procedure } from '../api/types';
import en from '../messages/en.json';
import zh from '../messages/zh.json';
import { grantedBy } from './granted';
import { concerns, matterObject, offers, places, whom } from './naming';

const matter = (name: string, about: About[], over: Partial<Procedure> = {}) =>
  ({
    name,
    object: 'matter',
    start: 'draft',
    about,
    steps: [{ from: ['draft'], by: ['the_applicant'], person_roles: [], effects: [] }],
    ...over,
  }) as unknown as Procedure;
const me = (id: string, ...roles: string[]) => ({ org: { id, roles }, roles: ['approver'] }) as unknown as Me;

const objection = matter('objection', ['resource'], { opened_by: ['operator'] });
const inspection = matter('inspection', ['organisation'], {
  may_name: ['authorisation'],
  opened_by: ['data_authority'],
});
const complaint = matter('complaint', ['organisation']);
const meeting = matter('meeting', []);
const supervision = matter('supervision', ['organisation', 'resource'], { opened_by: ['data_authority'] });
const all = [objection, inspection, complaint, meeting, supervision];

it('asks for what a procedure names, and sends nothing else', () => {
  expect(places(inspection)).toEqual([
    { about: 'authorisation', required: false },
    { about: 'organisation', required: true },
  ]);
  expect(places(meeting)).toEqual([]);
  const typed = { title: ' Wrong districts ', resource: 'res_1', organisation: 'org_1', product: '' };
  expect(matterObject(typed, objection)).toEqual({ title: 'Wrong districts', resource: 'res_1' });
  expect(matterObject(typed, inspection)).toEqual({
    title: 'Wrong districts',
    authorisation: null,
    organisation: 'org_1',
  });
  expect(matterObject({}, meeting)).toEqual({ title: '' });
});

it('offers what is about the thing, filled in with what the page knows', () => {
  const asked = (who: Me, kind: About, things: Partial<Record<About, string>>) =>
    offers(all, who, kind, things).map((o) => o.ask);
  expect(asked(me('org_1', 'operator'), 'resource', { resource: 'res_1' })).toEqual([
    'procedure=objection&resource=res_1',
  ]);
  // Whom an assignment names is not whose the resource is: that stays to be chosen.
  expect(asked(me('org_2', 'data_authority'), 'resource', { resource: 'res_1' })).toEqual([
    'procedure=supervision&resource=res_1',
  ]);
  const authorisation = { authorisation: 'aut_1', organisation: 'org_1' };
  expect(asked(me('org_2', 'data_authority'), 'authorisation', authorisation)).toEqual([
    'procedure=inspection&authorisation=aut_1&organisation=org_1',
    'procedure=complaint&organisation=org_1',
  ]);
  expect(asked(me('org_1', 'operator'), 'authorisation', authorisation), 'about itself').toEqual([]);
  expect(
    asked(me('org_3', 'data_consumer'), 'product', { product: 'prod_1', organisation: 'org_1' }),
  ).toEqual(['procedure=complaint&organisation=org_1']);
});

it('knows what a case is about and whom it concerns', () => {
  const c = {
    object: { matter: 'mat_1', resource: 'res_1', provider: 'org_1', operator: null, organisation: 'org_1' },
  } as unknown as Case;
  expect([concerns(c, 'resource', 'res_1'), concerns(c, 'resource', 'res_2')]).toEqual([true, false]);
  expect(concerns(c, 'product', 'res_1')).toBe(false);
  expect(whom(c)).toEqual(['org_1']);
});

it('knows an authorisation by the case in which it was granted, and by no other', () => {
  const procedure = {
    name: 'authorisation',
    steps: [
      { name: 'apply', effects: [] },
      { name: 'sign', effects: ['activate_authorisation'] },
    ],
  } as unknown as Procedure;
  const granted = (id: string, step: string, decision: string) =>
    ({
      procedure: 'authorisation',
      object: { authorisation: id, operator: 'org_1', mode: 'overall' },
      history: [{ step, decision }],
    }) as unknown as Case;
  const cases = [
    granted('aut_1', 'sign', 'approve'),
    granted('aut_2', 'sign', 'reject'),
    granted('aut_3', 'apply', 'approve'),
  ];
  expect(grantedBy(cases, [procedure])).toEqual([{ id: 'aut_1', operator: 'org_1', mode: 'overall' }]);
  expect(grantedBy(cases, [])).toEqual([]);
});

it('has words in both languages for every choice of every pack', () => {
  const packs = fileURLToPath(new URL('../../../packs', import.meta.url));
  const files = readdirSync(packs, { recursive: true, encoding: 'utf8' }).filter((f) =>
    /procedures[/\\][\w]+\.toml$/.test(f),
  );
  const parameters = ['product', 'national', 'changchun', 'jilin', 'jinan', 'shenyang', 'wuxi'].map(
    (layer) =>
      parse(readFileSync(`${packs}/${layer}/parameters.toml`, 'utf8')) as unknown as Record<
        string,
        { value: unknown }
      >,
  );
  // What a parameter lists, in whichever city.
  const listed = (name: string) => parameters.flatMap((p) => (p[name]?.value ?? []) as string[]);
  const choices = files.flatMap((file) => {
    const procedure = parse(readFileSync(`${packs}/${file}`, 'utf8')) as unknown as {
      documents?: Record<string, { fields: { choices?: string[]; choices_param?: string }[] }>;
    };
    return Object.values(procedure.documents ?? {}).flatMap((d) =>
      d.fields.flatMap((f) => f.choices ?? (f.choices_param ? listed(f.choices_param) : [])),
    );
  });
  expect(files.length).toBeGreaterThan(60);
  expect(choices).toContain('unfair_pricing');
  expect(choices).toContain('public_governance');
  const worded = (table: Record<string, string>) => choices.filter((c) => !table[`choice.${c}`]);
  expect([worded(zh), worded(en)]).toEqual([[], []]);
});
