/** Where the parts of a lineage drawing stand: source fields on the left by table, columns of the answer on the right. */
import type { LineageColumn } from '../api/types';

/** Something drawn as a box with a name. */
export interface Box {
  name: string;
  y: number;
}

/** A line from a source field to a column. */
export interface Line {
  from: number;
  to: number;
  transform: string;
}

/** The drawing, in units of its own. */
export interface Drawing {
  tables: { name: string; y: number }[];
  sources: (Box & { table: string })[];
  columns: Box[];
  lines: Line[];
  height: number;
  /** Kinds of lines that occur. */
  kinds: string[];
}

/** Height of one row of the drawing. */
export const ROW = 30;

/** Lays a lineage out. */
export function drawingOf(lineage: LineageColumn[]): Drawing {
  const tables = new Map<string, Set<string>>();
  for (const { sources } of lineage) {
    for (const s of sources) tables.set(s.table, (tables.get(s.table) ?? new Set()).add(s.column));
  }
  const sources: Drawing['sources'] = [];
  const heads: Drawing['tables'] = [];
  const at = new Map<string, number>();
  let y = 0;
  for (const table of [...tables.keys()].sort()) {
    heads.push({ name: table, y });
    y += ROW;
    for (const name of [...(tables.get(table) ?? [])].sort()) {
      at.set(`${table}.${name}`, sources.length);
      sources.push({ table, name, y });
      y += ROW;
    }
    y += ROW / 3;
  }
  const left = y;
  const right = lineage.length * ROW;
  // The shorter side stands in the middle of the longer one.
  const down = Math.max(0, (left - right) / 2);
  const up = Math.max(0, (right - left) / 2);
  const columns = lineage.map(({ column }, i) => ({ name: column, y: down + i * ROW }));
  const lines = lineage.flatMap(({ sources: from }, to) =>
    from.map((s) => ({ from: at.get(`${s.table}.${s.column}`) ?? 0, to, transform: s.transform })),
  );
  return {
    tables: heads.map((head) => ({ ...head, y: head.y + up })),
    sources: sources.map((source) => ({ ...source, y: source.y + up })),
    columns,
    lines,
    height: Math.max(left, right, ROW),
    kinds: [...new Set(lines.map((line) => line.transform))],
  };
}

/** A name that fits into its box. */
export function fitted(name: string, most: number): string {
  const letters = [...name];
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : name;
}
