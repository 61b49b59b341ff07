/**
 * The contract that a provider proposes: the fields that people decide on, read from the proposed text and written
 * back into it. Everything else in the text stays as the zone proposed it.
 */
import { isMap, isSeq, parse, parseDocument } from 'yaml';
import type { Document, YAMLMap, YAMLSeq } from 'yaml';

/** Disclosure classes, from the most open. */
export const CLASSES = ['PUB', 'DIM', 'TIME', 'MEA', 'SEN', 'KEY', 'RID', 'LOCK'] as const;
/** Logical types. */
export const TYPES = ['string', 'integer', 'number', 'date', 'timestamp', 'boolean'] as const;
/** Grids of times. */
export const TIME_GRIDS = ['year', 'quarter', 'month', 'day', 'hour'] as const;

/** A field as people decide on it. */
export interface Draft {
  name: string;
  type: string;
  class: string;
  /** Grade, 1 to 4. */
  level: number;
  /** Step of a measure, or unit of a time. */
  grid: string;
  /** What a key is a key of. */
  domain: string;
  /** Lowest and highest value of a measure. */
  clamp: [string, string];
  /** Least number of subjects for a sensitive category. */
  k: string;
  /** Kind of identifier whose check digit is verified. */
  identifier: string;
  description: string;
  required: boolean;
}

/** What is wrong with a field; a key of the messages. */
export type DraftFault = 'classType' | 'measureGrid' | 'timeGrid' | 'keyDomain' | 'clamp' | 'k' | 'unclear';

interface Property {
  name?: string;
  logicalType?: string;
  classification?: unknown;
  description?: string;
  required?: boolean;
  customProperties?: { property?: string; value?: unknown }[];
}

const word = (value: unknown) => (value === undefined || value === null ? '' : String(value));

/** The fields of a contract; `null` where the text is none. */
export function draftsOf(text: string): Draft[] | null {
  let fields: unknown;
  try {
    fields = (parse(text) as { schema?: { properties?: unknown }[] } | null)?.schema?.[0]?.properties;
  } catch {
    return null;
  }
  if (!Array.isArray(fields)) return null;
  return (fields as Property[]).map((f) => {
    const own = (name: string) => f.customProperties?.find((p) => p.property === name)?.value;
    const clamp = own('yunyuClamp');
    return {
      name: word(f.name),
      type: word(f.logicalType),
      class: word(own('yunyuClass')),
      level: Number(f.classification) || 0,
      grid: word(own('yunyuGrid')),
      domain: word(own('yunyuDomain')),
      clamp: Array.isArray(clamp) ? [word(clamp[0]), word(clamp[1])] : ['', ''],
      k: word(own('yunyuK')),
      identifier: word(own('yunyuIdentifier')),
      description: word(f.description),
      required: f.required === true,
    };
  });
}

const isNumber = (text: string) => text.trim() !== '' && Number.isFinite(Number(text));

/** What is wrong with a field, before the platform says so. */
export function faultsOf(d: Draft): DraftFault[] {
  const faults: DraftFault[] = [];
  if (!(CLASSES as readonly string[]).includes(d.class)) faults.push('unclear');
  if (d.class === 'TIME') {
    if (d.type !== 'date' && d.type !== 'timestamp') faults.push('classType');
    if (!(TIME_GRIDS as readonly string[]).includes(d.grid)) faults.push('timeGrid');
  }
  if (d.class === 'MEA') {
    if (d.type !== 'integer' && d.type !== 'number') faults.push('classType');
    if (!isNumber(d.grid) || Number(d.grid) <= 0) faults.push('measureGrid');
    const [low, high] = d.clamp;
    if (low !== '' || high !== '') {
      if (!isNumber(low) || !isNumber(high) || Number(low) >= Number(high)) faults.push('clamp');
    }
  }
  if (d.class === 'KEY' && d.domain.trim() === '') faults.push('keyDomain');
  if (d.class === 'SEN' && d.k !== '' && (!/^\d+$/.test(d.k) || Number(d.k) < 1)) faults.push('k');
  return faults;
}

/** What a class goes by: settings of other classes are left out of the text. */
export function settingsOf(cls: string): ('grid' | 'clamp' | 'domain' | 'k')[] {
  switch (cls) {
    case 'TIME':
      return ['grid'];
    case 'MEA':
      return ['grid', 'clamp'];
    case 'KEY':
      return ['domain'];
    case 'SEN':
      return ['k'];
    default:
      return [];
  }
}

function custom(d: Draft): Record<string, unknown> {
  const used = settingsOf(d.class);
  const has = (name: 'grid' | 'clamp' | 'domain' | 'k') => used.includes(name);
  const clamped = has('clamp') && isNumber(d.clamp[0]) && isNumber(d.clamp[1]);
  return {
    yunyuClass: d.class || undefined,
    yunyuGrid: has('grid') && d.grid !== '' ? (isNumber(d.grid) ? Number(d.grid) : d.grid) : undefined,
    yunyuClamp: clamped ? d.clamp.map(Number) : undefined,
    // A key that is locked stays a key of the same things: the records were taken in as such.
    yunyuDomain: (has('domain') || d.class === 'LOCK') && d.domain.trim() ? d.domain.trim() : undefined,
    yunyuK: has('k') && /^\d+$/.test(d.k) ? Number(d.k) : undefined,
    yunyuIdentifier: d.identifier || undefined,
  };
}

function set(field: YAMLMap, doc: Document, name: string, value: unknown): void {
  if (value === undefined || value === '' || value === false) field.delete(name);
  else field.set(name, doc.createNode(value));
}

function setCustom(field: YAMLMap, doc: Document, d: Draft): void {
  const wanted = custom(d);
  const found = field.get('customProperties');
  const kept = isSeq(found) ? (found.toJSON() as { property?: string; value?: unknown }[]) : [];
  const list = kept.filter((p) => !(String(p.property) in wanted));
  const own = Object.entries(wanted)
    .filter(([, value]) => value !== undefined)
    .map(([property, value]) => ({ property, value }));
  const all = [...own, ...list];
  set(field, doc, 'customProperties', all.length > 0 ? all : undefined);
}

/** The text with the fields as decided. */
export function contractWith(text: string, drafts: Draft[]): string {
  const doc = parseDocument(text);
  const fields = doc.getIn(['schema', 0, 'properties']) as YAMLSeq | undefined;
  drafts.forEach((d, i) => {
    const field = fields?.get(i);
    if (!isMap(field)) return;
    set(field, doc, 'name', d.name);
    set(field, doc, 'logicalType', d.type);
    set(field, doc, 'classification', d.level > 0 ? String(d.level) : undefined);
    set(field, doc, 'description', d.description.trim());
    set(field, doc, 'required', d.required);
    setCustom(field, doc, d);
  });
  return doc.toString({ lineWidth: 0 });
}
