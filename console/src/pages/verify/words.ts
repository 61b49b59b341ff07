/** The words of the verify and audit pages in the language in use. */
import { useMemo } from 'react';
import { useTexts } from '../../i18n';
import type { Lang } from '../../i18n';
import { trustTexts } from '../../trust/texts';
import type { TrustTexts } from '../../trust/texts';

/** Those words. */
export function useWords(): TrustTexts & { lang: Lang } {
  const { lang } = useTexts();
  return useMemo(() => ({ ...trustTexts(lang), lang }), [lang]);
}
