/**
 * Language: Chinese first, English by a switch. Texts stand in `messages/*.json`; only the language
 * in use is loaded. Knows nothing of pages.
 */
import { createContext, useContext, useEffect, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import type zh from '../messages/zh.json';
import { fill } from './fill';
import type { Lang, Values } from './fill';

export { fill } from './fill';
export type { Lang } from './fill';

/** Key of a message. */
export type MessageKey = keyof typeof zh;
/** Something named in both languages. */
export interface Named {
  zh: string;
  en: string;
}
type Table = Record<string, string>;

/** Reads messages of one language. */
export interface Texts {
  lang: Lang;
  /** A message with its placeholders filled. */
  t: (key: MessageKey, values?: Values) => string;
  /** A message that may not exist: `kind.code`. */
  maybe: (kind: string, code: string) => string | undefined;
  /** The label of a code of the API; the code itself where no label is known. */
  label: (kind: string, code: string) => string;
  /** The text of a value that the API gives in both languages. */
  pick: (named: Named | { zh?: string | null | undefined; en?: string | null | undefined }) => string;
  setLang: (lang: Lang) => void;
}

const KEPT = 'yunyu.lang';
const tables: Partial<Record<Lang, Table>> = {};

async function load(lang: Lang): Promise<Table> {
  const found = tables[lang];
  if (found) return found;
  const table: Table =
    lang === 'zh'
      ? (await import('../messages/zh.json')).default
      : (await import('../messages/en.json')).default;
  tables[lang] = table;
  return table;
}

/** The language chosen last; Chinese where none was. */
export function keptLang(): Lang {
  return localStorage.getItem(KEPT) === 'en' ? 'en' : 'zh';
}

/** Reads a table of messages; exported for code outside of the tree of components. */
export function texts(lang: Lang, table: Table, setLang: (lang: Lang) => void = () => undefined): Texts {
  return {
    lang,
    setLang,
    t: (key, values) => fill(table[key] ?? key, values),
    maybe: (kind, code) => table[`${kind}.${code}`],
    label: (kind, code) => table[`${kind}.${code}`] ?? code,
    pick: (named) => (lang === 'zh' ? named.zh || named.en : named.en || named.zh) ?? '',
  };
}

const Context = createContext<Texts | null>(null);

/** Loads the language before anything is shown. */
export function LangProvider({ children }: { children: ReactNode }) {
  const [wanted, setWanted] = useState<Lang>(keptLang);
  const [loaded, setLoaded] = useState<{ lang: Lang; table: Table } | null>(null);

  useEffect(() => {
    let gone = false;
    void load(wanted).then((table) => {
      if (gone) return;
      document.documentElement.lang = wanted === 'zh' ? 'zh-CN' : 'en';
      setLoaded({ lang: wanted, table });
    });
    return () => {
      gone = true;
    };
  }, [wanted]);

  const value = useMemo(
    () =>
      loaded &&
      texts(loaded.lang, loaded.table, (lang) => {
        localStorage.setItem(KEPT, lang);
        setWanted(lang);
      }),
    [loaded],
  );
  return value && <Context.Provider value={value}>{children}</Context.Provider>;
}

/** The messages of the language in use. */
export function useTexts(): Texts {
  const value = useContext(Context);
  if (!value) throw new Error('outside of LangProvider');
  return value;
}
