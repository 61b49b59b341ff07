/** A first purpose file from a demand: aggregates over the asked tables, joined where they share a key. */
import type { Named } from '../i18n';

/** A table with the fields asked for. */
export interface Table {
  table: string;
  fields: { name: string; domain: string }[];
}

/** Pairs of tables that have keys of the same domain. */
export function joins(tables: Table[]): [string, string][] {
  const found: [string, string][] = [];
  tables.forEach((a, i) => {
    const domains = new Set(a.fields.map((f) => f.domain).filter(Boolean));
    for (const b of tables.slice(i + 1)) {
      if (b.fields.some((f) => domains.has(f.domain))) found.push([a.table, b.table]);
    }
  });
  return found;
}

/** The text; people read and change it before it is signed. */
export function purposeText(scenario: Named, tables: Table[], thresholds: Record<string, number>): string {
  const quoted = (text: string) => JSON.stringify(text);
  const pairs = joins(tables).map(([a, b]) => `[${a}, ${b}]`);
  return [
    'name: statistical-product',
    `scenario: {zh: ${quoted(scenario.zh)}, en: ${quoted(scenario.en)}}`,
    'answer: aggregate',
    `tables: [${tables.map((t) => t.table).join(', ')}]`,
    `joins: [${pairs.join(', ')}]`,
    `thresholds: {${Object.entries(thresholds)
      .map(([kind, n]) => `${kind}: ${n}`)
      .join(', ')}}`,
    'history: {scope: organisation}',
    '',
  ].join('\n');
}
