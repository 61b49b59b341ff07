/** From a check's finding to rows of a table and to what can be drawn. Pure. */
import type { Check } from './types';

/** One measured number, or one parameter. */
export interface Figure {
  /** Path of names: `smallest`, `person`. */
  path: string[];
  value: string | number | boolean | null;
}

/** Every number of a nested finding, one a row. */
export function figuresOf(value: unknown, path: string[] = []): Figure[] {
  if (Array.isArray(value)) return value.flatMap((one, i) => figuresOf(one, [...path, String(i + 1)]));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, one]) => figuresOf(one, [...path, name]));
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return [{ path, value }];
  return [{ path, value: null }];
}

/** Bars of measured values, each beside its limit where there is one. */
export interface Plot {
  /** What is drawn; a key of the messages. */
  kind: 'least' | 'share' | 'classes' | 'hits';
  names: string[];
  measured: number[];
  limits: number[] | null;
  /** True where the names are words of the gate and have labels. */
  labelled: boolean;
}

const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

function numbers(value: unknown): [string, number][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]): [string, number][] => {
    const n = number(one);
    return n === null ? [] : [[name, n]];
  });
}

/** The fewest subjects behind a row, by kind, beside the least that is asked for. */
function least(check: Check): Plot | null {
  const smallest = numbers(check.worst['smallest']);
  const k = new Map(numbers(check.parameter['k']));
  if (smallest.length === 0 || smallest.some(([kind]) => !k.has(kind))) return null;
  return {
    kind: 'least',
    names: smallest.map(([kind]) => kind),
    measured: smallest.map(([, n]) => n),
    limits: smallest.map(([kind]) => k.get(kind) ?? 0),
    labelled: true,
  };
}

/** Shares of the largest contributors in percent, beside their limits. */
function shares(check: Check): Plot | null {
  const found: [string, number, number][] = [];
  // The rest by the largest has a floor, not a ceiling: it stands in the table only.
  const two = number(check.worst['top2_permille']);
  const most = number(check.parameter['top2_permille']);
  if (two !== null && most !== null) found.push(['top2_permille', two / 10, most / 10]);
  const limits = new Map(numbers(check.parameter['top1_permille']));
  for (const [kind, n] of numbers(check.worst['top1_permille'])) {
    const limit = limits.get(kind);
    if (limit !== undefined) found.push([`top1_permille ${kind}`, n / 10, limit / 10]);
  }
  if (found.length === 0) return null;
  return {
    kind: 'share',
    names: found.map(([name]) => name),
    measured: found.map(([, n]) => n),
    limits: found.map(([, , limit]) => limit),
    labelled: true,
  };
}

/** Classes of microdata by size. */
function classes(check: Check): Plot | null {
  const sizes = numbers(check.worst['classes_by_size']);
  if (sizes.length === 0) return null;
  const order = ['1', '2', '3-4', '5-9', '10-19', '20+'];
  sizes.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return {
    kind: 'classes',
    names: sizes.map(([name]) => name),
    measured: sizes.map(([, n]) => n),
    limits: null,
    labelled: false,
  };
}

/** Rows with identifiers, by column. */
function hits(check: Check): Plot | null {
  const columns = Object.entries(check.worst).map(([column, kinds]): [string, number] => [
    column,
    numbers(kinds).reduce((sum, [, n]) => sum + n, 0),
  ]);
  if (columns.length === 0) return null;
  return {
    kind: 'hits',
    names: columns.map(([column]) => column),
    measured: columns.map(([, n]) => n),
    limits: null,
    labelled: false,
  };
}

/** What of a check can be drawn; `null` where numbers in a table say it better. */
export function plotOf(check: Check): Plot | null {
  switch (check.id) {
    case 'cells':
      return least(check);
    case 'dominance':
      return shares(check);
    case 'microdata':
      return classes(check);
    case 'identifiers':
      return hits(check);
    default:
      return null;
  }
}
