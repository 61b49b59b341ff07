/** Under which rule and article something stands. A rule of the product stands under no article and says so. */
import { Tag } from 'antd';
import { usePack, useProcedures } from '../api/queries';
import { useTexts } from '../i18n';
import type { Texts } from '../i18n';

/** The article of a rule id: `WX-11.2` stands for article 11, paragraph 2; product rules have none. */
export function articleOf(rule: string): string {
  const found = /^[A-Z]+-(\d+(?:\.\d+)*)$/.exec(rule);
  return found?.[1] ?? '';
}

/** Article in words: a number with a paragraph, or a clause with several. */
function words(article: string, t: Texts['t']): string {
  const parts = article.split('.');
  if (parts.length > 2) return t('basis.clause', { clause: article });
  return parts[1]
    ? t('basis.articleRow', { article: parts[0] ?? '', row: parts[1] })
    : t('basis.article', { article });
}

/** Where a rule comes from, by the letters of its id. */
function source(rule: string, label: Texts['label']): string {
  return label('source', rule.split('-')[0] ?? '');
}

interface BasisProps {
  rule: string;
  article?: string | undefined;
  /** With what the article asks for, in the words of the pack. */
  says?: boolean;
}

/** Rule and article of something. */
export function Basis({ rule, article, says = false }: BasisProps) {
  const { t, label, pick } = useTexts();
  const articles = usePack().data?.articles;
  const text = articles?.[rule];
  // A rule that the pack knows stands under the article that the pack names, or under none.
  const number = article || (text ? text.article : articles ? '' : articleOf(rule));
  if (!rule && !number) return <span>{t('basis.none')}</span>;
  return (
    <span className="basis">
      {rule && <span>{source(rule, label)}</span>}
      {number && <span>{words(number, t)}</span>}
      {rule && <code>{rule}</code>}
      {rule.startsWith('PRODUCT-') && <Tag>{t('basis.product')}</Tag>}
      {says && text && <span className="says">{pick(text)}</span>}
    </span>
  );
}

/** A procedure of the city by name. */
export function useProcedure(name: string | undefined) {
  const { data } = useProcedures();
  return data?.procedures.find((p) => p.name === name);
}
