/** A fault of the console itself: says so and offers the two ways on. */
import { Button, Result } from 'antd';
import { useTexts } from '../i18n';

/** Error boundary of the router. */
export function Crash() {
  const { t } = useTexts();
  return (
    <main id="main">
      <Result
        status="error"
        title={<h1 className="plain">{t('crash.title')}</h1>}
        subTitle={t('crash.text')}
        extra={[
          <Button key="again" type="primary" onClick={() => window.location.reload()}>
            {t('crash.reload')}
          </Button>,
          <Button key="home" href="/console/">
            {t('crash.home')}
          </Button>,
        ]}
      />
    </main>
  );
}
