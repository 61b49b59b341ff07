/** What a changed contract changes, field by field, for whoever reviews it. Knows texts of contracts, nothing of pages. */
import { parse } from 'yaml';

/** One thing that differs. `field` is empty where the table as a whole differs. */
export interface Change {
  field: string;
  kind: 'added' | 'removed' | 'changed';
  /** Which property, by its name in the contract; empty where a field came or went. */
  property: string;
  before: string;
  after: string;
}

type Flat = Map<string, string>;

const plain = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);

/** Before the names of custom properties: a standard key of the same name is another thing, and is read elsewhere. */
export const CUSTOM = 'customProperties.';

/** The properties of a document, table or field, each by where it stands; one that stands twice is told twice. */
function flat(thing: Record<string, unknown>, without: string[], at = ''): Flat {
  const out: Flat = new Map();
  for (const [name, value] of Object.entries(thing)) {
    if (without.includes(name) || name === 'customProperties') continue;
    if (value !== undefined && value !== null) out.set(at + name, plain(value));
  }
  const own = thing['customProperties'];
  for (const one of Array.isArray(own) ? (own as { property?: string; value?: unknown }[]) : []) {
    const name = `${at}${CUSTOM}${plain(one.property ?? '')}`;
    const before = out.get(name);
    out.set(name, before === undefined ? plain(one.value) : `${before}; ${plain(one.value)}`);
  }
  return out;
}

interface Known {
  table: Flat;
  fields: Map<string, Flat>;
}

function read(text: string): Known | null {
  let whole: unknown;
  try {
    whole = parse(text);
  } catch {
    return null;
  }
  if (typeof whole !== 'object' || whole === null) return null;
  const document = whole as Record<string, unknown>;
  const schema = document['schema'];
  const table = (Array.isArray(schema) ? schema[0] : undefined) as Record<string, unknown> | undefined;
  const properties = table?.['properties'];
  if (!table || !Array.isArray(properties)) return null;
  const fields = new Map<string, Flat>();
  for (const field of properties as Record<string, unknown>[]) {
    fields.set(plain(field['name'] ?? ''), flat(field, ['name']));
  }
  return {
    table: new Map([...flat(document, ['schema'], 'document.'), ...flat(table, ['properties'])]),
    fields,
  };
}

function differs(field: string, before: Flat, after: Flat): Change[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((property) => ({
      field,
      kind: 'changed',
      property,
      before: before.get(property) ?? '',
      after: after.get(property) ?? '',
    }));
}

/** Every difference, the table's first, then fields in their order; `null` where one of the texts is no contract. */
export function changesOf(before: string, after: string): Change[] | null {
  const [old, now] = [read(before), read(after)];
  if (!old || !now) return null;
  const out = differs('', old.table, now.table);
  const whole = (field: string, kind: 'added' | 'removed') =>
    ({ field, kind, property: '', before: '', after: '' }) satisfies Change;
  for (const [name, field] of now.fields) {
    const was = old.fields.get(name);
    // What a new field is may be read as a change from nothing.
    out.push(...(was ? [] : [whole(name, 'added')]), ...differs(name, was ?? new Map(), field));
  }
  for (const name of old.fields.keys()) if (!now.fields.has(name)) out.push(whole(name, 'removed'));
  return out;
}
