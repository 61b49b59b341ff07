/** From the fields of a form to the documents that are signed, and nothing else. */
import type { DocumentForm, Documents, FormField } from '../api/types';

/** Values as typed, by document and field. */
export type Typed = Record<string, Record<string, unknown> | undefined>;

function value(field: FormField, typed: unknown): unknown {
  if (typed === undefined || typed === null || typed === '') return undefined;
  switch (field.kind) {
    case 'integer':
      return Number(typed);
    // Typed in yuan, kept in fen: no fraction may stand in what is signed.
    case 'money':
      return Math.round(Number(typed) * 100);
    case 'list':
      return lines(String(typed));
    case 'text':
    case 'digest':
      return String(typed).trim();
    default:
      return typed;
  }
}

/** One entry a line. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

/** The documents of the named forms; fields left empty are left out. */
export function documentsOf(names: string[], forms: Record<string, DocumentForm>, typed: Typed): Documents {
  const documents: Documents = {};
  for (const name of names) {
    const fields: Record<string, unknown> = {};
    for (const field of forms[name]?.fields ?? []) {
      const found = value(field, typed[name]?.[field.name]);
      if (found !== undefined) fields[field.name] = found;
    }
    documents[name] = fields;
  }
  return documents;
}

/** What would be typed for documents: the inverse of the above, to begin a form with papers that were handed in before. */
export function typedOf(documents: Documents, forms: Record<string, DocumentForm>): Typed {
  return Object.fromEntries(
    Object.entries(documents).map(([name, fields]) => [
      name,
      Object.fromEntries(
        (forms[name]?.fields ?? [])
          .filter((field) => fields[field.name] !== undefined)
          .map((field) => [field.name, typed(field, fields[field.name])]),
      ),
    ]),
  );
}

function typed(field: FormField, kept: unknown): unknown {
  if (field.kind === 'money') return Number(kept) / 100;
  return field.kind === 'list' && Array.isArray(kept) ? kept.join('\n') : kept;
}
