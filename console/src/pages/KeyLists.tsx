/** Key lists: who may sign as what. The security administrator carries the next one to the offline root and back. */
import { DownloadOutlined, UploadOutlined } from '@ant-design/icons';
import { Button, Tag } from 'antd';
import { useRef, useState } from 'react';
import { holds } from '../app/menu';
import { get, onceKey, post } from '../api/client';
import { useChanged, useKeyLists, useMe } from '../api/queries';
import { Refused } from '../api/problem';
import type { KeyEntry, KeyList } from '../api/types';
import { useTexts } from '../i18n';
import { download } from '../parts/download';
import { Facts } from '../parts/Facts';
import { List } from '../parts/List';
import { say } from '../parts/Live';
import { Org, Person, useOrgName } from '../parts/Names';
import { Page, Part } from '../parts/Page';
import { Failure, Nothing, Shown } from '../parts/States';
import { Time } from '../parts/Time';

export default function KeyLists() {
  const { t } = useTexts();
  const me = useMe().data;
  const query = useKeyLists();
  return (
    <Page title={t('page.keyLists')} topic="keyLists">
      {me && holds(me, 'security_admin') && <Exchange />}
      <Shown query={query}>
        {(data) => {
          const newest = data.key_lists.at(-1);
          return newest ? (
            <Newest list={newest.body} signer={newest.key} />
          ) : (
            <Nothing text="keyList.empty" />
          );
        }}
      </Shown>
    </Page>
  );
}

function Newest({ list, signer }: { list: KeyList; signer: string }) {
  const { t, label } = useTexts();
  const org = useOrgName();
  const who = (e: KeyEntry) =>
    e.holder.kind === 'person' ? `${e.holder.person ?? ''} ${org(e.holder.org ?? '')}` : e.holder.kind;
  return (
    <Part title={t('keyList.newest', { n: list.number })}>
      <Facts
        items={[
          [t('keyList.issued'), <Time key="t" at={list.issued_at} />],
          [t('keyList.root'), <code key="r">{signer}</code>],
        ]}
      />
      <List
        caption={t('page.keyLists')}
        rows={list.entries}
        rowKey={(e) => e.key}
        text={(e) => `${e.key} ${who(e)}`}
        columns={[
          { title: t('keyList.key'), key: 'key', rowScope: 'row', render: (_, e) => <code>{e.key}</code> },
          { title: t('keyList.kind'), key: 'kind', render: (_, e) => label('holder', e.holder.kind) },
          {
            title: t('keyList.person'),
            key: 'person',
            render: (_, e) =>
              e.holder.person ? (
                <Person id={e.holder.person} />
              ) : (
                <span className="faint">{t('value.none')}</span>
              ),
          },
          {
            title: t('person.org'),
            key: 'org',
            render: (_, e) =>
              e.holder.org ? <Org id={e.holder.org} /> : <span className="faint">{t('value.none')}</span>,
          },
          { title: t('keyList.from'), key: 'from', render: (_, e) => <Time at={e.valid_from} /> },
          {
            title: t('cases.state'),
            key: 'state',
            render: (_, e) =>
              e.revoked_at === null ? (
                <Tag color="success">{t('keyList.inForce')}</Tag>
              ) : (
                <Tag color="error">{t('keyList.revoked')}</Tag>
              ),
          },
        ]}
      />
    </Part>
  );
}

/** The next list as a file for the root, and the signed one back. */
function Exchange() {
  const { t } = useTexts();
  const changed = useChanged();
  const file = useRef<HTMLInputElement>(null);
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState<number | null>(null);

  const draft = async () => {
    setError(null);
    try {
      const list = await get<KeyList>('/api/v1/key-lists/draft');
      download(`key-list-${list.number}.draft.json`, JSON.stringify(list, null, 2), 'application/json');
    } catch (e) {
      setError(e);
    }
  };
  const hand = async (chosen: File | undefined) => {
    if (!chosen) return;
    setError(null);
    setDone(null);
    try {
      const list = JSON.parse(await chosen.text()) as unknown;
      const answer = await post<{ number: number }>('/api/v1/key-lists', list, onceKey());
      setDone(answer.number);
      say(t('keyList.taken', { n: answer.number }));
      await changed();
    } catch (e) {
      const unread = { code: 'bad-json', zh: t('keyList.unreadable'), en: t('keyList.unreadable') };
      setError(e instanceof SyntaxError ? new Refused(400, unread) : e);
    } finally {
      if (file.current) file.current.value = '';
    }
  };

  return (
    <Part title={t('keyList.exchange')}>
      <ol>
        <li>{t('keyList.step1')}</li>
        <li>{t('keyList.step2')}</li>
        <li>{t('keyList.step3')}</li>
      </ol>
      {error !== null && <Failure error={error} />}
      {done !== null && <p className="good">{t('keyList.taken', { n: done })}</p>}
      <div className="row">
        <Button icon={<DownloadOutlined />} onClick={() => void draft()}>
          {t('keyList.draft')}
        </Button>
        <Button icon={<UploadOutlined />} onClick={() => file.current?.click()}>
          {t('keyList.upload')}
        </Button>
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          className="unseen"
          tabIndex={-1}
          aria-label={t('keyList.upload')}
          onChange={(event) => void hand(event.target.files?.[0])}
        />
      </div>
    </Part>
  );
}
