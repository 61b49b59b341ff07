/** The frame of pages before sign-in. */
import { Outlet, ScrollRestoration } from 'react-router';
import { useTexts } from '../i18n';
import { Connection } from './Connection';
import { Footer } from './Footer';
import { Brand, Preferences } from './Header';

/** Header, page, foot. */
export function Bare() {
  const { t } = useTexts();
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {t('frame.skip')}
      </a>
      <header className="top">
        <Brand />
        <div className="tools">
          <Preferences />
        </div>
      </header>
      <Connection />
      <main id="main" tabIndex={-1} className="bare">
        <Outlet />
      </main>
      <Footer />
      <ScrollRestoration />
    </div>
  );
}
