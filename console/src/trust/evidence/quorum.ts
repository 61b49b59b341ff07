/**
 * The approvals that a work order must carry, judged from signed acts and the key list alone: nothing that the platform
 * says is believed. Signatures are checked before.
 */

import type { Act } from '../act';
import type { Json } from '../canonical';
import { digestOf, OBJECT_TYPE } from '../digest';
import { isObject, member, textOf } from '../shape';
import type { Both } from '../suite';
import { holderOf, isAct, isOrder, type Person, type WorkOrder } from './order';
import type { Alternative, Pack, Step } from './pack';
import { RefusedError, type Quorum } from './refusal';

/** Clocks of signers and platform may differ by this many milliseconds. */
const SKEW_MS = 30_000;
const DAY_MS = 86_400_000;
const RELATIONS = [
  'the_applicant',
  'the_operator',
  'the_author_org',
  'the_consumer',
  'the_provider',
  'the_holder',
  'each_provider',
  'each_supervisor',
  'the_authoriser',
  'anyone',
  'clock',
];

/** An act with what the key list says of its signer. */
interface Vote extends Person {
  readonly act: Act;
}

/** The quorum rule of a pack. */
export function quorumOf(both: Both, pack: Pack): Quorum {
  return (order, acts, keys) => {
    const said = order.body;
    if (!isOrder(said)) throw new RefusedError('shape', '');
    const signer = keys.entry(order.key);
    if (!signer) throw new RefusedError('unlisted-key', '');
    const object = digestOf(both[keys.publicOf(signer).suite], OBJECT_TYPE, said.effect.object);
    const given = acts.map((act) => {
      const entry = keys.entry(act.key);
      if (!entry) throw new RefusedError('unlisted-key', '');
      const holder = holderOf(entry.holder);
      if (!isAct(act.body) || holder === undefined) throw new RefusedError('shape', '');
      return { act: act.body as Act, holder };
    });
    checkQuorum(pack, said, given, object);
  };
}

function checkQuorum(
  pack: Pack,
  order: WorkOrder,
  acts: readonly { act: Act; holder: Person | null }[],
  object: string,
): void {
  const no = (code: string, rule: string) => {
    throw new RefusedError(code, rule);
  };
  if (order.pack !== pack.version) no('pack-version', 'PRODUCT-QUORUM');
  const ways = pack.effects.get(order.effect.effect) ?? [];
  const way = ways.find((w) => acts.some(({ act }) => act.procedure === w.procedure)) ?? ways[0];
  if (!way) throw new RefusedError('no-quorum-rule', 'PRODUCT-QUORUM');
  const procedure = pack.procedures.get(way.procedure);
  if (!procedure) throw new RefusedError('unknown-procedure', way.rule);
  const steps = demanded(procedure, way, order.effect);
  const votes = acts.map(({ act, holder }) => bind(pack, order, way, steps, act, holder, object));
  for (const step of steps) checkStep(pack, step, order.effect.object, votes, steps[0]?.name ?? '');
  checkOrderOfSteps(procedure, way, steps, votes);
}

/**
 * The way's steps that exist for the object. Where the way has branches, one of them must send the order: for an object
 * with which no branch ends, the steps that all branches share do not suffice.
 */
function demanded(
  procedure: readonly Step[],
  way: Alternative,
  { effect, object }: WorkOrder['effect'],
): Step[] {
  const steps = way.steps.map((name) => {
    const step = procedure.find((s) => s.name === name);
    if (!step) throw new RefusedError('unknown-step', way.rule);
    return step;
  });
  const found = steps.filter(({ when }) => {
    const word = when && textOf(object, when.field);
    return when === null || (typeof word === 'string' && when.any.includes(word));
  });
  const sends = found.some((s) => s.effects.includes(`order_${effect}`));
  if (!sends && steps.some((s) => s.when !== null)) throw new RefusedError('no-branch', way.rule);
  return found;
}

/** Each act must belong to this order: deployment, case, procedure, object, time, and the signer the key list names. */
function bind(
  pack: Pack,
  order: WorkOrder,
  way: Alternative,
  steps: readonly Step[],
  act: Act,
  holder: Person | null,
  object: string,
): Vote {
  const no = (code: string): never => {
    throw new RefusedError(code, way.rule);
  };
  if (act.v !== 1 || act.deployment !== order.deployment || act.case !== order.case)
    no('approval-of-another-case');
  if (act.procedure !== way.procedure || !steps.some((s) => s.name === act.step))
    no('approval-of-another-step');
  if (act.object !== object) no('approval-of-another-object');
  if (act.decision !== 'approve') no('not-an-approval');
  const oldest = order.issued_at - (pack.ints.get('approval.max_age_days') ?? 0) * DAY_MS;
  if (act.at > order.issued_at + SKEW_MS || act.at < oldest) no('approval-out-of-time');
  if (!holder) return no('not-a-person');
  if (holder.person !== act.person || holder.org !== act.org) no('approval-of-another-person');
  return { ...holder, act };
}

function checkStep(pack: Pack, step: Step, object: Json, votes: readonly Vote[], first: string): void {
  const mine = votes.filter((v) => v.act.step === step.name);
  const no = (code: string, rule = step.rule) => {
    throw new RefusedError(code, rule, { zh: step.zh, en: step.en });
  };
  for (const vote of mine) {
    const role = step.by.some((by) => fits(by, object, vote));
    const person = step.personRoles.length === 0 || vote.roles.some((r) => step.personRoles.includes(r));
    if (!role || !person) no('approver-without-role');
    if (step.not.some((rule) => excluded(rule, object, vote, votes, first))) {
      no('conflict-of-interest', 'PRODUCT-SEPARATION');
    }
  }
  if (new Set(mine.map((v) => v.person)).size !== mine.length) no('same-person-twice');
  if (step.distinctOrgs && !allDistinct(mine)) no('same-organisation-twice');
  if (!complete(pack, step, object, mine)) no('quorum-missing');
}

function providers(object: Json): Set<string> {
  const resources = member(object, 'resources');
  return new Set(isObject(resources) ? Object.values(resources).filter((o) => typeof o === 'string') : []);
}

function complete(pack: Pack, step: Step, object: Json, mine: readonly Vote[]): boolean {
  if (step.by.includes('each_provider')) {
    const [wanted, given] = [providers(object), new Set(mine.map((v) => v.org))];
    return wanted.size > 0 && [...wanted].every((p) => given.has(p));
  }
  const param = step.countParam === null ? undefined : pack.ints.get(step.countParam);
  return mine.length >= Math.max(step.count, param !== undefined && param >= 0 ? param : 1, 1);
}

/** Different organisations, and no two of one affiliated group. */
function allDistinct(mine: readonly Vote[]): boolean {
  const groups = mine.map((v) => v.group).filter((g) => g !== null);
  return new Set(mine.map((v) => v.org)).size === mine.length && new Set(groups).size === groups.length;
}

function fits(by: string, object: Json, vote: Vote): boolean {
  const holds = (role: string) => vote.org_roles.includes(role);
  const named = (field: string) => textOf(object, field) === vote.org;
  switch (by) {
    // A stop names no operator; only the role is checked: a stop too many is the safe side.
    case 'the_operator':
      return holds('operator') && (member(object, 'operator') === undefined || named('operator'));
    case 'the_author_org':
      return holds('operator') && named('author_org');
    case 'the_consumer':
      return holds('data_consumer') && named('consumer');
    case 'the_provider':
      return holds('data_provider') && named('provider');
    case 'each_provider':
      return holds('data_provider') && providers(object).has(vote.org);
    // Which organisation granted it stands in no order: its organisation must be one that may grant at all.
    case 'the_authoriser':
      return holds('data_authority') || holds('implementing_agency') || holds('data_provider');
    default:
      return !RELATIONS.includes(by) && holds(by);
  }
}

function excluded(rule: string, object: Json, vote: Vote, votes: readonly Vote[], first: string): boolean {
  if (rule === 'author') {
    // The author is whom the object names and whoever opened the way.
    const opened = votes.filter((v) => v.act.step === first && v.act.step !== vote.act.step);
    return textOf(object, 'author') === vote.person || opened.some((v) => v.person === vote.person);
  }
  if (rule === 'author_org') {
    return affiliated(textOf(object, 'author_org'), vote, votes);
  }
  // Who applies for an authorisation is its operator.
  const applicant = rule === 'applicant' ? textOf(object, 'operator') : undefined;
  if (applicant !== undefined) return affiliated(applicant, vote, votes);
  // The program refuses packs in which an order rests on such a step.
  return true;
}

/** Whether a vote is of this organisation or of its group, as far as the organisation signed too. */
function affiliated(org: string | undefined, vote: Vote, votes: readonly Vote[]): boolean {
  const group = votes.find((v) => v.org === org)?.group ?? null;
  return org === vote.org || (group !== null && group === vote.group);
}

/** Acts of one case follow each other in the order of the procedure's steps. */
function checkOrderOfSteps(
  procedure: readonly Step[],
  way: Alternative,
  steps: readonly Step[],
  votes: readonly Vote[],
): void {
  const times = (step: string) => votes.filter((v) => v.act.step === step).map((v) => v.act.at);
  const place = (step: string) => procedure.findIndex((s) => s.name === step);
  const names = steps.map((s) => s.name);
  const backwards = names.some((a, i) => {
    const b = names[i + 1];
    if (b === undefined || place(a) >= place(b) || times(b).length === 0) return false;
    return Math.min(...times(b)) + SKEW_MS < Math.max(...times(a), Number.MIN_SAFE_INTEGER);
  });
  if (backwards) throw new RefusedError('approvals-out-of-order', way.rule);
}
