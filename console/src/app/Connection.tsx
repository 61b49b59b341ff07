/** Says that the platform does not answer, until it does again. What was typed stays where it is. */
import { Alert } from 'antd';
import { useDown } from '../api/connection';
import { useTexts } from '../i18n';

/** Shown while the platform does not answer. */
export function Connection() {
  const { t } = useTexts();
  const down = useDown();
  return (
    <div aria-live="assertive">
      {down && (
        <Alert type="warning" banner showIcon title={t('offline.title')} description={t('offline.text')} />
      )}
    </div>
  );
}
