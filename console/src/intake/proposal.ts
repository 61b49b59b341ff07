/** A proposal being decided on, kept over a reload: names, counts and decisions, never a value of the file. */
import { draftOf, dropDraft, keepDraft } from '../session';
import type { Draft } from './contract';
import type { LookColumn } from './types';

/** The proposal. */
export interface Proposal {
  table: string;
  file: string;
  rows: number;
  set_aside: number;
  encoding: string;
  /** True where the zone saw the beginning of the file only. */
  sampled: boolean;
  columns: LookColumn[];
  drafts: Draft[];
  /** The contract as the zone proposed it. */
  contract: string;
}

const SLOT = 'intake.new';

/** Keeps it. */
export function keepProposal(proposal: Proposal): void {
  keepDraft(SLOT, proposal);
}

/** What was kept. */
export function keptProposal(): Proposal | null {
  const kept = draftOf<Proposal>(SLOT);
  return kept && Array.isArray(kept.drafts) && Array.isArray(kept.columns) ? kept : null;
}

/** Forgets it. */
export function dropProposal(): void {
  dropDraft(SLOT);
}
