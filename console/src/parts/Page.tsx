/** A page: title, what can be done, content. Tells the browser, and people who do not see it, where they are. */
import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { useLocation, useNavigationType } from 'react-router';
import { setTopic } from '../app/topic';
import { useTexts } from '../i18n';

interface PageProps {
  title: string;
  /** Small line above the title: what kind of thing this is. */
  kind?: ReactNode;
  /** Buttons beside the title. */
  actions?: ReactNode;
  /** Help of this page: `help.<topic>`. */
  topic?: string;
  children: ReactNode;
}

/** A page. Focus goes to the title when the page was come to by a link. */
export function Page({ title, kind, actions, topic, children }: PageProps) {
  const { t } = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  const { key, pathname } = useLocation();
  const way = useNavigationType();
  const before = useRef<string | null>(null);

  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  useEffect(() => setTopic(topic ?? null), [topic]);
  useEffect(() => {
    // A filter that is written into the address is no other page: who types into it goes on typing.
    const stays = way === 'REPLACE' && before.current === pathname;
    before.current = pathname;
    // The first page of a visit keeps the browser's own focus.
    if (key !== 'default' && !stays) heading.current?.focus({ preventScroll: true });
  }, [key, way, pathname]);

  return (
    <article className="page">
      <header>
        <div>
          {kind && <p className="kind">{kind}</p>}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
        </div>
        {actions && <div className="row">{actions}</div>}
      </header>
      {children}
    </article>
  );
}

/** Above a name: what kind of thing has it, and the id by which others may name it. */
export function Kind({ of, id }: { of: 'order' | 'authorisation' | 'grant' | 'job'; id: string }) {
  const { t } = useTexts();
  return (
    <>
      {t(`object.${of}`)} <code>{id}</code>
    </>
  );
}

/** A part of a page under its own heading. */
export function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="part">
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
