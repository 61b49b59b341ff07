/** What the zone answers to a look at a file. */

/** One column: what it was taken for, and the counts that speak for it. */
export interface LookColumn {
  name: string;
  identifier: string;
  role: string;
  personal: string;
  level: number;
  class: string;
  masking: string;
  /** 0 to 1. */
  confidence: number;
  /** Counts only; no value of the file. */
  evidence: Record<string, number>;
}

/** The look. */
export interface Look {
  encoding: string;
  rows: number;
  set_aside: number;
  columns: LookColumn[];
  /** Proposed contract, as text. */
  contract: string;
}
