/**
 * An approval: what a person signs. The platform drafts it; before it is signed here everything in it is compared with
 * what the person was shown, and both digests are computed anew, so that nothing else than what stood on the page is
 * signed.
 */

import type { Json } from './canonical';
import { digestOf, DOCUMENTS_TYPE, OBJECT_TYPE } from './digest';
import type { OpenKey, Signed } from './keys';
import { loadSuite } from './suite';

/** Signed type of an approval. */
export const ACT_TYPE = 'act';

/** The statement that an approver signs. */
export interface Act {
  v: number;
  deployment: string;
  case: string;
  procedure: string;
  step: string;
  decision: 'approve' | 'reject';
  object: string;
  documents: string;
  head: string | null;
  person: string;
  org: string;
  at: number;
}

/** What the person saw and decided. */
export interface Shown {
  deployment: string;
  case: string;
  procedure: string;
  step: string;
  decision: 'approve' | 'reject';
  /** The case's canonical object. */
  object: Json;
  /** Documents handed in with the step. */
  documents: { [name: string]: Json };
  person: string;
  org: string;
  /** Now on the deployment's clock, in milliseconds since 1970. */
  now: number;
}

/** By how much the draft's time may differ from the page's idea of the deployment's clock. */
const SKEW_MS = 10 * 60_000;

/** The members of a draft that are not what the person was shown; empty where all is as shown. */
export async function differences(key: OpenKey, draft: Act, shown: Shown): Promise<string[]> {
  const primitives = await loadSuite(key.suite);
  const wanted: { [name: string]: Json } = {
    v: 1,
    deployment: shown.deployment,
    case: shown.case,
    procedure: shown.procedure,
    step: shown.step,
    decision: shown.decision,
    object: digestOf(primitives, OBJECT_TYPE, shown.object),
    documents: digestOf(primitives, DOCUMENTS_TYPE, shown.documents),
    person: shown.person,
    org: shown.org,
  };
  const given = draft as unknown as { [name: string]: Json };
  const out = Object.keys(wanted).filter((name) => given[name] !== wanted[name]);
  if (draft.head !== null && typeof draft.head !== 'string') out.push('head');
  if (!Number.isSafeInteger(draft.at) || Math.abs(draft.at - shown.now) > SKEW_MS) out.push('at');
  const known = new Set([...Object.keys(wanted), 'head', 'at']);
  return [...out, ...Object.keys(given).filter((name) => !known.has(name))];
}

/** A draft says something else than what the person was shown. */
export class DraftError extends Error {
  /** Members that differ. */
  readonly members: readonly string[];

  constructor(members: readonly string[]) {
    super(`the draft differs in ${members.join(', ')}`);
    this.name = 'DraftError';
    this.members = members;
  }
}

/** Signs a draft that says exactly what was shown. Throws `DraftError` otherwise. */
export async function signAct(key: OpenKey, draft: Act, shown: Shown): Promise<Signed<Act>> {
  const members = await differences(key, draft, shown);
  if (members.length > 0) throw new DraftError(members);
  return key.sign(ACT_TYPE, draft);
}
