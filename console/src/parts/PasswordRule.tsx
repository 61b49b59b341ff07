/** What makes a password good enough, in words; the platform checks it. */
import { usePack } from '../api/queries';
import { useTexts } from '../i18n';

/** The rule. */
export function PasswordRule() {
  const { t } = useTexts();
  const { data } = usePack();
  const least = data?.parameters['password.min_length']?.value;
  return <>{t('password.rule', { n: typeof least === 'number' ? least : 12 })}</>;
}
