/** The gate's report on one sealed artefact: counts only. */

export type GateVerdict = 'pass' | 'review' | 'block';

/** One check's finding. */
export interface Check {
  id: string;
  check: number;
  verdict: GateVerdict;
  /** In words and signs, as the gate computes it. */
  formula: string;
  /** The same in Chinese; reports of earlier versions have none. */
  formula_zh?: string;
  parameter: Record<string, unknown>;
  worst: Record<string, unknown>;
  zh: string;
  en: string;
}

/** The report. */
export interface GateReport {
  v: number;
  artefact: string;
  rows: number;
  columns: string[];
  verdict: GateVerdict;
  checks: Check[];
  parameters: Record<string, unknown>;
}
