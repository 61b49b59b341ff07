/** What the verifier's worker hands to the page: the report, and of the proved leaves what the page shows. */

import type { Leaf } from '../log/leaf';
import type { Report } from './check';

/** A verdict that can be sent between threads. */
export interface Outcome extends Omit<Report, 'chains'> {
  /** Proved leaves of the platform by index; empty until they are proved. */
  readonly leaves: Readonly<Record<number, Leaf>>;
}

/** The outcome of a report. */
export function outcomeOf({ chains, ...report }: Report): Outcome {
  const links = chains?.links.filter((l) => l.leaf.log === 'platform') ?? [];
  return { ...report, leaves: Object.fromEntries(links.map((l) => [l.index, l.leaf])) };
}
