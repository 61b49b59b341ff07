/** Words of the verifier and the audit explorer, in both languages. They come with the pages that show them. */

import { fill, type Lang } from '../i18n/fill';
import en from '../messages/trust.en.json';
import zh from '../messages/trust.zh.json';
import type { Fault, Said } from './fault';

/** Key of such a message. */
export type TrustKey = keyof typeof zh;

const TABLES: Readonly<Record<Lang, Readonly<Record<string, string>>>> = { zh, en };

/** Reads messages. */
export interface TrustTexts {
  t(key: TrustKey, values?: Record<string, string | number>): string;
  /** A message that may not exist: `kind.code`; the code itself where it does not. */
  label(kind: string, code: string): string;
  /** The sentence of a fault. */
  fault(fault: Fault): string;
}

/** The messages of a language. */
export function trustTexts(lang: Lang): TrustTexts {
  const table = TABLES[lang];
  const say = (said: Said) => (typeof said === 'string' ? said : said[lang]);
  return {
    t: (key, values) => fill(table[key] ?? key, values),
    label: (kind, code) => table[`${kind}.${code}`] ?? code,
    fault({ text, args }) {
      const values = Object.fromEntries(Object.entries(args).map(([name, said]) => [name, say(said)]));
      return fill(table[`verify.fault.${text}`] ?? text, values);
    },
  };
}
