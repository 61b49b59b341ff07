/**
 * Words of the pages that work with the zone: supply, workspace, jobs, gate reports. They come with those pages, so
 * that the first page stays small; every other message is found as before.
 */
import { useMemo } from 'react';
import { fill, useTexts as useCommon } from '../i18n';
import type { Lang, MessageKey, Texts } from '../i18n';
import en from '../messages/work.en.json';
import zh from '../messages/work.zh.json';

/** Key of a message of these pages. */
export type WorkKey = keyof typeof zh;

const TABLES: Readonly<Record<Lang, Readonly<Record<string, string>>>> = { zh, en };

/** Reads these messages and all others. */
export interface WorkTexts extends Omit<Texts, 't'> {
  t: (key: WorkKey | MessageKey, values?: Record<string, string | number>) => string;
}

/** The messages of a language, over the common ones. */
export function workTexts(common: Texts): WorkTexts {
  const table = TABLES[common.lang];
  return {
    ...common,
    t: (key, values) => {
      const own = table[key];
      return own === undefined ? common.t(key as MessageKey, values) : fill(own, values);
    },
    maybe: (kind, code) => table[`${kind}.${code}`] ?? common.maybe(kind, code),
    label: (kind, code) => table[`${kind}.${code}`] ?? common.label(kind, code),
  };
}

/**
 * What the zone says in English, in the reader's language: where it says exactly what stands under `kind.code`. Anything
 * else stays as it is.
 */
export function translated(
  lang: Lang,
  kind: string,
  code: string,
  english: string,
): { text: string; lang: Lang } {
  const key = `${kind}.${code}`;
  const own = TABLES.en[key] === english ? TABLES[lang][key] : undefined;
  return own === undefined ? { text: english, lang: 'en' } : { text: own, lang };
}

/** The messages of the language in use. */
export function useTexts(): WorkTexts {
  const common = useCommon();
  return useMemo(() => workTexts(common), [common]);
}
