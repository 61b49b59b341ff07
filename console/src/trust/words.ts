/** What a leaf is about, in the words of the rule pack where it has them, and what a document is. */

import type { Lang } from '../i18n/fill';
import type { Document } from './evidence/file';
import type { Titles } from './evidence/pack';
import type { Leaf } from './log/leaf';
import type { TrustTexts } from './texts';

/** Procedure of each case, as the leaves that opened the cases say. */
export function procedures(leaves: Iterable<Leaf>): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const { kind, case: name, refs } of leaves) {
    if (kind === 'case_opened' && name !== null && refs['about']) out.set(name, refs['about']);
  }
  return out;
}

/** The words of a leaf: its kind, and procedure, step or effect where it has one. */
export function leafWords(
  leaf: Leaf,
  of: ReadonlyMap<string, string>,
  titles: Titles,
  words: TrustTexts & { lang: Lang },
): string {
  const { lang, label, t } = words;
  const kind = label('audit.kindOf', leaf.kind);
  const procedure = titles.get(of.get(leaf.case ?? '') ?? '');
  const step = procedure?.steps.get(leaf.refs['step'] ?? '');
  const effect = leaf.refs['effect'];
  const parts = [
    procedure?.[lang],
    step ? step[lang] : kind,
    leaf.kind === 'order_issued' && effect ? label('verify.effect', effect) : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(t('audit.join'));
}

/** The type of a document in words, or as it stands there where this program knows none of that name. */
export function typeWords(
  { type }: Pick<Document, 'type'>,
  words: TrustTexts,
): { text: string; known: boolean } {
  if (type === null) return { text: words.t('verify.untyped'), known: true };
  const text = words.label('verify.type', type);
  return { text, known: text !== type };
}
