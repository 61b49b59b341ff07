/** The frame around every page of a signed-in person: header, side menu, help, palette, and what to do when the line is cut. */
import { MenuOutlined } from '@ant-design/icons';
import { Button, Drawer } from 'antd';
import { useEffect, useState } from 'react';
import { NavLink, Navigate, Outlet, ScrollRestoration, useLocation } from 'react-router';
import { useMe } from '../api/queries';
import type { Me } from '../api/types';
import { useTexts } from '../i18n';
import { Failure, Loading } from '../parts/States';
import { useSession } from '../session';
import { Brand, Tools } from './Header';
import { Help } from './Help';
import { Connection } from './Connection';
import { Footer } from './Footer';
import { Palette } from './Palette';
import { Relogin } from './Relogin';
import { menuFor } from './menu';

function Side({ me, close }: { me: Me; close?: () => void }) {
  const { t } = useTexts();
  return (
    <nav className="side" aria-label={t('frame.menu')}>
      {menuFor(me).map((group) => (
        <section key={group.label}>
          <h2>{t(group.label)}</h2>
          <ul>
            {group.items.map((item) => (
              <li key={item.path}>
                <NavLink to={item.path} end={item.path === '/'} onClick={() => close?.()}>
                  {item.icon}
                  <span>{t(item.label)}</span>
                </NavLink>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

/** The frame; without a session it leads to the sign-in page and back. */
export function Frame() {
  const { session } = useSession();
  const { pathname, search } = useLocation();
  if (!session) return <Navigate to={`/login?next=${encodeURIComponent(pathname + search)}`} replace />;
  return <SignedIn />;
}

function SignedIn() {
  const { t } = useTexts();
  const me = useMe();
  const [menu, setMenu] = useState(false);
  const [help, setHelp] = useState(false);
  const [palette, setPalette] = useState(false);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setPalette((open) => !open);
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  return (
    <div className="frame">
      <a className="skip" href="#main">
        {t('frame.skip')}
      </a>
      <header className="top">
        <Button
          className="narrow"
          type="text"
          icon={<MenuOutlined />}
          aria-label={t('frame.menu')}
          aria-expanded={menu}
          onClick={() => setMenu(true)}
        />
        <Brand />
        <Tools me={me.data} openHelp={() => setHelp(true)} openPalette={() => setPalette(true)} />
      </header>
      <Connection />
      <div className="body">
        <div className="wide">{me.data && <Side me={me.data} />}</div>
        <main id="main" tabIndex={-1}>
          {me.data ? (
            <Outlet />
          ) : me.error ? (
            <Failure error={me.error} again={() => void me.refetch()} />
          ) : (
            <Loading />
          )}
        </main>
      </div>
      <Footer />
      <Drawer open={menu} onClose={() => setMenu(false)} placement="left" size={280} title={t('frame.menu')}>
        {me.data && <Side me={me.data} close={() => setMenu(false)} />}
      </Drawer>
      <Help open={help} close={() => setHelp(false)} />
      {me.data && <Palette me={me.data} open={palette} close={() => setPalette(false)} />}
      <Relogin />
      <ScrollRestoration />
    </div>
  );
}
