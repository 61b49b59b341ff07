/** Help in place: what this page is for, and the glossary in both languages. */
import { Drawer, Input, Tabs } from 'antd';
import { useEffect, useState } from 'react';
import { useTexts } from '../i18n';
import { useTopic } from './topic';

interface Entry {
  code: string;
  zh: string;
  en: string;
  zh_text: string;
  en_text: string;
}

/** The drawer. */
export function Help({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useTexts();
  return (
    <Drawer open={open} onClose={close} title={t('help.title')} size={480}>
      <Tabs
        items={[
          { key: 'page', label: t('help.thisPage'), children: <Topic /> },
          { key: 'terms', label: t('help.terms'), children: <Terms /> },
          { key: 'keys', label: t('help.keys'), children: <Keys /> },
        ]}
      />
    </Drawer>
  );
}

function Topic() {
  const { t, maybe } = useTexts();
  const topic = useTopic();
  const text = (topic && maybe('help.page', topic)) || t('help.page.general');
  return (
    <>
      {text.split('\n').map((line) => (
        <p key={line}>{line}</p>
      ))}
    </>
  );
}

function Keys() {
  const { t } = useTexts();
  return (
    <dl className="terms">
      <dt>
        <kbd>Ctrl K</kbd> / <kbd>⌘K</kbd>
      </dt>
      <dd>{t('help.key.palette')}</dd>
      <dt>
        <kbd>Tab</kbd>
      </dt>
      <dd>{t('help.key.tab')}</dd>
      <dt>
        <kbd>Esc</kbd>
      </dt>
      <dd>{t('help.key.escape')}</dd>
    </dl>
  );
}

function Terms() {
  const { t, lang } = useTexts();
  const [entries, setEntries] = useState<Entry[]>([]);
  const [typed, setTyped] = useState('');
  useEffect(() => {
    let gone = false;
    void import('../messages/glossary.json').then((file) => {
      if (!gone) setEntries(file.default);
    });
    return () => {
      gone = true;
    };
  }, []);
  const wanted = typed.trim().toLowerCase();
  const found = entries.filter((e) => Object.values(e).join(' ').toLowerCase().includes(wanted));
  return (
    <>
      <Input
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        placeholder={t('help.findTerm')}
        aria-label={t('help.findTerm')}
        allowClear
      />
      <dl className="terms">
        {found.map((e) => (
          <div key={e.code}>
            <dt>
              <span lang="zh-CN">{e.zh}</span> <span lang="en">{e.en}</span>{' '}
              <code className="faint">{e.code}</code>
            </dt>
            <dd>{lang === 'zh' ? e.zh_text : e.en_text}</dd>
          </div>
        ))}
      </dl>
      {entries.length > 0 && found.length === 0 && <p>{t('list.none')}</p>}
    </>
  );
}
