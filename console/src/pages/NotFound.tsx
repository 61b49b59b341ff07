import { Link } from 'react-router';
import { useTexts } from '../i18n';
import { Page } from '../parts/Page';
import { Nothing } from '../parts/States';

export default function NotFound() {
  const { t } = useTexts();
  return (
    <Page title={t('page.notFound')}>
      <Nothing text="notFound.text">
        <Link to="/">{t('crash.home')}</Link>
      </Nothing>
    </Page>
  );
}
