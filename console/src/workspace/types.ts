/** What the zone answers in the workspace. */
import type { LineageColumn } from '../api/types';
import type { Named } from '../i18n';

/** A field that the grant opens. */
export interface GrantedField {
  name: string;
  type: string;
  class: string | null;
  domain: string | null;
  description: string | null;
}

/** The tables of a grant, and what its purpose permits. */
export interface Contracts {
  tables: { table: string; fields: GrantedField[] }[];
  joins: [string, string][];
  thresholds: Record<string, number>;
}

/** Why a query was refused, or what an acceptance rests on. */
export interface Reason extends Named {
  rule: string;
  columns: string[];
  /** Line and character from 1; zero where there is no place. */
  at: { line: number; column: number };
  /** What would help, in English and in Chinese; empty where nothing is known. */
  would_help: string;
  would_help_zh: string;
}

/** The verdict on a query. */
export interface Verdict {
  verdict: 'allow' | 'aggregate' | 'subject' | 'refuse';
  reasons: Reason[];
  lineage: LineageColumn[];
}

/** A verdict with an answer over made-up rows. */
export interface Rehearsed extends Verdict {
  columns: string[];
  rows: unknown[][];
  synthetic: true;
}

/** How far a job is, as the zone tells. */
export interface JobProgress {
  job: string;
  state: 'queued' | 'running' | 'done' | 'failed';
  stages: string[];
  stage?: string;
  /** Stages that are over. */
  over?: number;
  /** Milliseconds since the job began. */
  ms?: number;
  /** About how many rows are read in this stage, and about how many there are. */
  read?: number;
  of?: number;
  /** Milliseconds until all of them are read, once that can be told. */
  left_ms?: number | null;
}
