/**
 * What the platform answers. Request bodies, problems and the deployment come from the API document
 * (`schema.ts`); the views below are those that the document leaves open.
 */
import type { Named } from '../i18n';
import type { IssuedOrder } from './issued';
import type { components } from './schema';

export type Deployment = components['schemas']['DeploymentView'];
export type Suite = 'gm' | 'intl';

/** Milliseconds since 1970 on the deployment's clock. */
export type Instant = number;

export interface Organisation extends Named {
  id: string;
  uscc: string | null;
  legal_form: string;
  roles: string[];
  group: string | null;
  created_at: Instant;
}

export interface Me {
  person: string;
  org: Organisation;
  roles: string[];
  key: string | null;
  account: string;
  key_requests: { key: string; state: string; at: Instant }[];
}

export interface Person {
  id: string;
  org: string;
  account: string;
  roles: string[];
  key: string | null;
  created_at: Instant;
}

export interface FormField extends Named {
  name: string;
  kind: 'text' | 'integer' | 'money' | 'flag' | 'choice' | 'date' | 'list' | 'digest';
  required: boolean;
  choices: string[];
  must: string | null;
}

export interface DocumentForm extends Named {
  rule: string;
  fields: FormField[];
}

export interface Step extends Named {
  name: string;
  from: string[];
  to: string;
  reject_to: string | null;
  by: string[];
  person_roles: string[];
  count: number;
  count_param: string | null;
  distinct_orgs: boolean;
  blind: boolean;
  not: string[];
  documents: string[];
  reject_documents: string[];
  /** Cases for which the step exists at all: a text field of the object and its values. */
  when: { field: string; any: string[] } | null;
  guards: Record<string, string>;
  effects: string[];
  rule: string;
}

export interface State extends Named {
  name: string;
  end: boolean;
}

/** What a matter can name. */
export type About = 'authorisation' | 'product' | 'resource' | 'organisation';

export interface Procedure extends Named {
  name: string;
  object: string;
  /** What each case names; left out where it is nothing, as the three below. */
  about?: About[];
  /** What a case may name besides. */
  may_name?: About[];
  /** Roles of organisations that may open a case: any of these; without them, whoever may take a first step. */
  opened_by?: string[];
  /** Whom a case names sees it only once a step falls to them. */
  confidential?: boolean;
  start: string;
  states: State[];
  steps: Step[];
  documents: Record<string, DocumentForm>;
}

export interface Parameter extends Named {
  value: unknown;
  source: string;
  status: 'explicit' | 'inherited' | 'derived';
  strict: string | null;
  layer: string;
}

export interface Layer extends Named {
  id: string;
  kind: string;
  version: number;
  status: string;
  effective_from: string | null;
  legal_basis: string[];
}

export interface Pack {
  pack: string;
  city: string;
  /** The texts that the rules come from: product default, national norms, the city's own. */
  layers: Layer[];
  /** The city's own words by code. */
  terms: Record<string, Named>;
  /** What a rule asks for, by rule. */
  articles: Record<string, Named & ArticleRow>;
  parameters: Record<string, Parameter>;
}

/** A row of the requirements: whether it is answered, by what, and how many tests say so. */
export interface ArticleRow {
  article: string;
  state: string;
  answers: string[];
  tests: number;
  /** What an open row waits for, or why software has nothing to do with it. */
  reason: string | null;
}

/** A pack that the deployment's own can be compared with. */
export interface OtherPack extends Named {
  id: string;
  version: string;
  status: string;
  city: Named | null;
}

/** One difference between two packs; where both have the thing, only the members that differ. */
export interface PackChange {
  kind: string;
  name: string;
  rule: string;
  article: string;
  before: unknown;
  after: unknown;
  words: Named | null;
}

export type Documents = Record<string, Record<string, unknown>>;
export type Decision = 'approve' | 'reject';

export interface Done {
  step: string;
  state: string;
  rule: string;
  article: string;
  person: string;
  org: string;
  decision: Decision;
  at: Instant;
  /** Left out of summaries. */
  documents?: Documents;
}

export interface OpenStep extends Named {
  step: string;
  by: string[];
  rule: string;
  article: string;
  documents: string[];
  count: number;
  blind: boolean;
}

export interface RefusedOrder {
  refusal?: { code: string; rule?: string; article?: string; zh: string; en: string };
}

export interface Case {
  id: string;
  /** What it is about, in a few words. */
  title: Named;
  procedure: string;
  pack: string;
  object: Record<string, unknown>;
  /** What ids in the object stand for. */
  refs?: Refs;
  state: string;
  state_zh: string | null;
  state_en: string | null;
  end: boolean;
  applicant: string;
  author: string;
  opened_at: Instant;
  entered_at: Instant;
  /** With the years for which no days off were announced yet when it was counted. */
  deadlines: { step: string; at: Instant; unannounced?: number[] }[];
  /** Steps whose time is over, and who was told. */
  overdue?: { step: string; since: Instant; told_at: Instant | null; escalated_to: string[] | null }[];
  steps: OpenStep[];
  can_act: string[];
  history: Done[];
  refused_orders?: RefusedOrder[];
  /** What the zone took and cannot carry out yet. */
  waiting_orders?: RefusedOrder[];
  /** What the platform ordered of the zone, and whether the zone has said that it was done. */
  orders?: IssuedOrder[];
  /** Why the zone refused the order, as long as that is the last word on it. */
  refused?: NonNullable<RefusedOrder['refusal']> | null;
  /** The catalogue entry as it was, where the case changes one. */
  before?: Before | null;
  /** From the public page, told to the authority alone. */
  objections?: PublicObjection[];
}

/** A catalogue entry before a change, with the documents that it was reviewed on. */
export interface Before {
  case: string;
  object: { contract: string };
  documents: Documents;
  at: Instant;
}

/** Names of things by id, and whether the reader may open them. */
export type Refs = Record<string, Named & { open: boolean }>;

/** A page of a list of cases. */
export interface CasePage {
  cases: Case[];
  /** How many there are in all. */
  total: number;
}

/** Which cases, in which order, and which page of them. */
export interface CaseAsk {
  procedure?: string;
  open?: boolean;
  authorisation?: string;
  own?: boolean;
  inbox?: boolean;
  overdue?: boolean;
  blind?: boolean;
  text?: string;
  order?: 'opened' | 'newest' | 'oldest' | 'due';
  skip?: number;
  limit?: number;
}

/** An objection of somebody without an account. */
export interface PublicObjection {
  id: string;
  text: string;
  at: Instant;
  settled: boolean;
  /** Where to answer; told to approvers. */
  contact?: string;
}

/** The statement that a person signs for a step. */
export interface Act {
  v: number;
  deployment: string;
  case: string;
  procedure: string;
  step: string;
  decision: Decision;
  object: string;
  documents: string;
  head: string | null;
  person: string;
  org: string;
  at: Instant;
}

export interface ResourceRow {
  id: string;
  table: string;
  provider: string;
  grade: string;
  excluded: boolean;
  state: string;
  contract_digest: string;
  at: Instant;
}

export interface Resource {
  id: string;
  spec: { table: string; provider: string; contract: string; contract_digest: string };
  provider: string;
  grade: string;
  excluded: boolean;
  state: string;
  case: string;
  at: Instant;
  refs?: Refs;
  /** The cases that made it what it is, the last one first; for its provider and those that oversee. */
  versions?: { case: string; contract_digest: string; at: Instant }[];
  /** What was destroyed, sealed or unsealed of it, in the order in which the zone reported it. */
  certificates?: ResourceCertificate[];
  /** An unsealing is decided and waits for its keepers: sealing again takes it back. */
  unsealing_ordered?: boolean;
}

export interface ResourceCertificate {
  id: string;
  deed: 'destroyed' | 'sealed' | 'unsealed';
  case: string;
  keys: string[];
  objects: number;
  what: { kinds: Record<string, number>; list: string } | null;
  report: number;
  at: Instant;
}

export interface Batches {
  opened: { id: string; at?: Instant; label?: string }[];
  stored: { id: string; rows: number; set_aside: Record<string, number>; digest: string; at: Instant }[];
}

export interface Authorisation {
  id: string;
  operator: string;
  uscc: string;
  mode: string;
  resources: Record<string, string>;
  term_months: number;
  from: Instant;
  until: Instant;
  state: string;
  state_now: string;
  pack: string;
  case: string;
  renewal_of: string | null;
}

export interface Grant {
  id: string;
  spec: {
    scenario: string;
    resources: Record<string, string>;
    fields: Record<string, string[]>;
    purpose: string;
    until: Instant;
  };
  authorisation: string;
  operator: string;
  state: string;
  case: string;
}

export interface LineageColumn {
  column: string;
  indirect: string[];
  sources: { column: string; table: string; transform: string }[];
}

export interface Job {
  id: string;
  spec: { sql: string; author: string; author_org: string; product: string };
  grant: string;
  operator: string;
  state: string;
  gate: { artefact: string; verdict: string; report: string } | null;
  rows: number | null;
  ordered_at?: Instant | null;
  done_at?: Instant | null;
  case: string;
  /** Why its result can be released no more, and the query run no more: a source was sealed or withdrawn. Of one job only. */
  barred?: NonNullable<RefusedOrder['refusal']> | null;
  /** What its ids stand for; of one job only, not of a list. */
  refs?: Refs;
  result?: {
    lineage: LineageColumn[];
    figures: Record<string, number>;
    refusal: { code: string; rule?: string; article?: string; zh: string; en: string } | null;
  } | null;
}

export interface ProductSpec extends Named {
  scenario: string;
  form: string;
  form_reason: string | null;
  unit: string;
  price: number;
  ceiling: number | null;
  use_class: string;
}

export interface Product {
  id: string;
  operator: string;
  authorisation: string;
  job: string;
  reviewed_scenarios: string[];
  /** Names of the reviewed scenarios; of one product only. */
  scenarios?: ({ id: string } & Named)[];
  artefact: string | null;
  rows: number | null;
  spec: ProductSpec | null;
  certificate: string | null;
  certificate_number?: string | null;
  venue: [string, string] | null;
  state: string;
  at: Instant;
  refs?: Refs;
}

export interface Order {
  id: string;
  spec: { scenario: string; operator: string; access_key: string; until: Instant };
  product: string;
  consumer: string;
  price: number;
  state: string;
  case: string;
  at: Instant;
  refs?: Refs;
}

export interface Usage {
  order: string;
  calls: number;
  rows: number;
  bytes: number;
  amount_fen: number;
  price_fen: number;
  segments: number;
  /** By day of the city. */
  days: { day: string; calls: number; rows: number; bytes: number; amount_fen: number }[];
}

export interface Announcement {
  id: string;
  spec: Named & {
    announcement: string;
    modes: string[];
    conditions: string[];
    opens: Instant;
    closes: Instant;
    implementation_plan: string | null;
  };
  open: boolean;
}

export interface ImplementationPlan {
  id: string;
  spec: Named & { modes: string[]; resources: Record<string, string>; term_months: number };
  agency: string;
  state: string;
}

export interface Scenario {
  id: string;
  spec: Named & { authorisation: string; purpose: string; use_class: string };
  operator: string;
  state: string;
}

export interface KeyEntry {
  key: string;
  public: string;
  holder: { kind: string; person?: string; org?: string; roles?: string[]; org_roles?: string[] };
  valid_from: Instant;
  revoked_at: Instant | null;
}

export interface KeyList {
  v: number;
  deployment: string;
  number: number;
  clock: string;
  issued_at: Instant;
  entries: KeyEntry[];
}

export interface Signed<T> {
  body: T;
  key: string;
  signature: string;
}

export interface KeyRequest {
  key: string;
  public: string;
  person: string;
  state: string;
  at: Instant;
}
