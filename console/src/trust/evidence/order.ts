/** Shapes of orders, acts and holders of keys, as the verifier of quorums reads them. */

import type { Json } from '../canonical';
import type { Act } from '../act';
import type { Signed } from '../keys';
import {
  any,
  i32,
  i64,
  isObject,
  list,
  map,
  member,
  object,
  oneOf,
  open,
  optional,
  text,
  textOf,
  u32,
  u64,
} from '../shape';

/** A work order of the platform. */
export interface WorkOrder {
  v: number;
  deployment: string;
  id: string;
  seq: number;
  case: string;
  case_head: string;
  key_list: number;
  pack: string;
  issued_at: number;
  expires: number;
  effect: { effect: string; object: Json };
  approvals: Signed<Act>[];
}

/** The zone's word on an order. */
export interface Answer {
  outcome: string;
  at: number;
}

/** The zone's last word on each order, by the order's id; an order that is missing here is not proved to be carried out. */
export function answersIn(statements: readonly { type: string; body: Json }[]): Map<string, Answer> {
  const last = new Map<string, Answer & { seq: number }>();
  for (const { type, body } of statements) {
    const order = textOf(body, 'order');
    const [outcome, at, seq] = [textOf(body, 'outcome'), member(body, 'at'), member(body, 'seq')];
    if (type !== 'report' || order === undefined || outcome === undefined || !i64(at) || !u64(seq)) continue;
    if ((last.get(order)?.seq ?? -1) < seq) last.set(order, { outcome, at, seq });
  }
  return last;
}

/** A person as the key list knows them. */
export interface Person {
  person: string;
  org: string;
  org_roles: string[];
  roles: string[];
  group: string | null;
}

const texts = list(text);

const stop = { authorisation: text, ground: text, article: text };
const resourceStop = { resource: text, provider: text, ground: text, article: text };

const isLegalForm = oneOf('legal_person', 'unincorporated', 'natural_person');

const OBJECTS: Readonly<Record<string, (v: Json | undefined) => boolean>> = {
  authorise: object({
    authorisation: text,
    announcement: text,
    operator: text,
    uscc: text,
    legal_form: isLegalForm,
    mode: oneOf('overall', 'sector', 'scenario', 'graded'),
    domain: optional(text),
    resources: map(text),
    term_months: i32,
    renewal_of: optional(text),
  }),
  resource: object({
    resource: text,
    table: text,
    provider: text,
    contract: text,
    contract_digest: text,
    replaces: optional(text),
  }),
  grant: object({
    grant: text,
    authorisation: text,
    scenario: text,
    operator: text,
    resources: map(text),
    fields: map(texts),
    purpose: text,
    until: i64,
  }),
  job: object({ job: text, grant: text, sql: text, author: text, author_org: text, product: text }),
  release: object({
    job: text,
    product: text,
    artefact: text,
    gate_report: text,
    author: text,
    author_org: text,
    scenario: text,
  }),
  recipient: object({
    order: text,
    product: text,
    consumer: text,
    operator: text,
    scenario: text,
    access_key: text,
    until: i64,
  }),
  suspend: object(stop),
  restore: object(stop),
  destroy: object(stop),
  withdraw: object(resourceStop),
  seal: object(resourceStop),
  unseal: object(resourceStop),
};

/** The shape of an act. */
export const isAct = object<Act>({
  v: u32,
  deployment: text,
  case: text,
  procedure: text,
  step: text,
  decision: oneOf('approve', 'reject'),
  object: text,
  documents: text,
  head: optional(text),
  person: text,
  org: text,
  at: i64,
});

function isEffect(value: Json | undefined): boolean {
  const name = textOf(value, 'effect');
  return (
    name !== undefined && Object.hasOwn(OBJECTS, name) && OBJECTS[name]?.(member(value, 'object')) === true
  );
}

/** The shape of a work order. */
export const isOrder = object<WorkOrder>({
  v: u32,
  deployment: text,
  id: text,
  seq: u64,
  case: text,
  case_head: text,
  key_list: u64,
  pack: text,
  issued_at: i64,
  expires: i64,
  effect: isEffect,
  approvals: list(object<Signed<Act>>({ body: isAct, key: text, signature: text })),
});

const ORG_ROLES = oneOf(
  'data_authority',
  'implementing_agency',
  'coordination_body',
  'data_provider',
  'security_regulator',
  'market_regulator',
  'operator',
  'data_consumer',
  'expert_panel',
  'third_party_assessor',
  'maintainer',
  'supervising_department',
);
const PERSON_ROLES = oneOf(
  'system_admin',
  'security_admin',
  'audit_admin',
  'approver',
  'officer',
  'engineer',
  'reader',
);

// Unlike in acts and orders, members that are not known do not matter in a holder.
const isPerson = open<Person>({
  kind: oneOf('person'),
  person: text,
  org: text,
  org_roles: list(ORG_ROLES),
  roles: list(PERSON_ROLES),
  group: optional(text),
});

/** Who holds a key: a person, another known holder (`null`), or `undefined` for no known shape. */
export function holderOf(holder: { [name: string]: Json }): Person | null | undefined {
  if (isPerson(holder)) {
    const { person, org, org_roles, roles, group } = holder;
    return { person, org, org_roles, roles, group: group ?? null };
  }
  const others = ['platform', 'zone', 'platform_log', 'zone_log', 'witness'];
  const kind = isObject(holder) && any(holder) ? (textOf(holder, 'kind') ?? '') : '';
  const named = kind !== 'witness' || textOf(holder, 'name') !== undefined;
  return others.includes(kind) && named ? null : undefined;
}
