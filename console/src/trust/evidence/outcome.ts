/** What the verifier's worker hands to the page: the report, and of what was proved that which the page shows. */

import type { Leaf } from '../log/leaf';
import { textOf } from '../shape';
import type { Report } from './check';
import { titlesOf, type Texts, type Titles } from './pack';

/** A verdict that can be sent between threads. */
export interface Outcome extends Omit<Report, 'chains'> {
  /** Proved leaves of the platform by index; empty until they are proved. */
  readonly leaves: Readonly<Record<number, Leaf>>;
  /** Names from the rule pack that the orders rest on; empty unless the file is valid. */
  readonly titles: Titles;
}

/** The outcome of a report; `texts` are those of the rule packs. */
export function outcomeOf({ chains, ...report }: Report, texts: Texts): Outcome {
  const links = chains?.links.filter((l) => l.leaf.log === 'platform') ?? [];
  const order = report.valid ? report.file?.body.statements.find((s) => s.type === 'order') : undefined;
  const titles = titlesOf(texts, textOf(order?.body, 'pack') ?? '');
  return { ...report, leaves: Object.fromEntries(links.map((l) => [l.index, l.leaf])), titles };
}
