/** The city's own words: from its rule pack where it has one, else the common term. */
import { usePack } from '../api/queries';
import { useTexts } from '../i18n';

/** Looks up the word for a role, mode or form. */
export function useTerm(): (code: string) => string {
  const { pick, label } = useTexts();
  const { data } = usePack();
  return (code) => {
    const own = data?.terms?.[code];
    return own ? pick(own) : label('code', code);
  };
}
