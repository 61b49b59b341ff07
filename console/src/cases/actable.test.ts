import { expect, test } from 'vitest';
import type { Case, Me, Procedure, Step } from '../api/types';
import { actable, ahead } from './actable';

const step = (over: Partial<Step>): Step => ({
  name: 'vote',
  zh: '',
  en: '',
  from: ['checked'],
  to: 'voted',
  reject_to: null,
  by: ['expert_panel'],
  person_roles: ['approver'],
  count: 2,
  count_param: null,
  distinct_orgs: true,
  blind: true,
  when: null,
  not: ['author', 'author_org'],
  documents: [],
  reject_documents: [],
  guards: {},
  effects: [],
  rule: '',
  ...over,
});
const procedure: Procedure = {
  name: 'release',
  zh: '',
  en: '',
  object: 'release',
  start: 'checked',
  states: [
    { name: 'checked', zh: '', en: '', end: false },
    { name: 'voted', zh: '', en: '', end: false },
    { name: 'refused', zh: '', en: '', end: true },
    { name: 'released', zh: '', en: '', end: true },
  ],
  steps: [
    step({}),
    step({ name: 'drop', from: ['checked'], to: 'refused' }),
    step({ name: 'release', from: ['voted'], to: 'released', effects: ['order_release'] }),
  ],
  documents: {},
};
const me: Me = {
  person: 'per_a',
  org: {
    id: 'org_a',
    zh: '',
    en: '',
    uscc: null,
    legal_form: '',
    roles: ['expert_panel'],
    group: null,
    created_at: 0,
  },
  roles: ['approver'],
  key: null,
  account: '',
  key_requests: [],
};
const open: Case = {
  id: 'case_1',
  title: { zh: '事项', en: 'A case' },
  procedure: 'release',
  pack: '',
  object: { author: 'per_x', author_org: 'org_x' },
  state: 'checked',
  state_zh: '',
  state_en: '',
  end: false,
  applicant: 'org_x',
  author: 'per_x',
  opened_at: 0,
  entered_at: 10,
  deadlines: [],
  steps: [],
  can_act: ['vote'],
  history: [],
};
const names = (c: Case, who: Me = me) => actable(c, procedure, who).map((s) => s.name);

test('a reviewer may vote', () => {
  expect(names(open)).toEqual(['vote']);
});

test('neither the author nor the author’s organisation may', () => {
  expect(names({ ...open, object: { author: 'per_a' } })).toEqual([]);
  expect(names({ ...open, author: 'per_a' })).toEqual([]);
  expect(names({ ...open, object: { author_org: 'org_a' } })).toEqual([]);
});

test('nobody votes twice, and one organisation votes once', () => {
  const done = {
    step: 'vote',
    state: 'checked',
    rule: '',
    article: '',
    decision: 'approve' as const,
    at: 11,
    documents: {},
    org: 'org_a',
    person: 'per_b',
  };
  expect(names({ ...open, history: [done] })).toEqual([]);
  expect(names({ ...open, history: [{ ...done, at: 5 }] })).toEqual(['vote']);
  expect(names({ ...open, history: [{ ...done, org: 'org_b' }] })).toEqual(['vote']);
});

test('a person without the role may not', () => {
  expect(names(open, { ...me, roles: ['engineer'] })).toEqual([]);
});

test('the way ahead leads to the end that does something', () => {
  expect(ahead(procedure, 'checked').map((s) => s.name)).toEqual(['vote', 'release']);
});

test('of what is only kept on record, the way ahead goes as far as there is but one', () => {
  const at = (name: string, from: string, to: string, reject_to: string | null = null) =>
    step({ name, from: [from], to, reject_to });
  const complaint = {
    ...procedure,
    steps: [
      at('file', 'draft', 'filed'),
      at('accept', 'filed', 'investigating', 'refused'),
      at('uphold', 'investigating', 'upheld'),
      at('dismiss', 'investigating', 'unfounded'),
    ],
  };
  const names = (state: string) => ahead(complaint, state).map((s) => s.name);
  expect(names('draft')).toEqual(['file', 'accept']);
  expect([names('investigating'), names('upheld')]).toEqual([[], []]);
  const objection = {
    ...procedure,
    steps: [
      at('answer', 'asked', 'answered'),
      at('accept', 'answered', 'settled', 'asked'),
      at('conclude', 'answered', 'settled'),
      at('reopen', 'settled', 'asked'),
    ],
  };
  expect(ahead(objection, 'asked').map((s) => s.name)).toEqual(['answer', 'accept', 'reopen']);
});
